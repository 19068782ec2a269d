package poller

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// DecodeText is what an editor saved, as UTF-8 without a byte-order mark: PowerShell
// and Notepad write UTF-16, and a mark before UTF-8. ok is false for what is no text
// in either, such as GBK or UTF-16 without its mark.
func DecodeText(data []byte) (text string, ok bool) {
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}):
		return fromUTF16(data[2:], binary.LittleEndian), true
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		return fromUTF16(data[2:], binary.BigEndian), true
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	return string(data), utf8.Valid(data) && bytes.IndexByte(data, 0) < 0
}

func fromUTF16(b []byte, order binary.ByteOrder) string {
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, order.Uint16(b))
	}
	return string(utf16.Decode(units))
}
