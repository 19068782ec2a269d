package poller

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"time"
)

// Seen remembers finished rows, 13 bytes each, oldest creation first.
type Seen []Mark

// Mark is one finished row: which, when it was created, and how it ended.
type Mark struct {
	Hash    uint64 // of its Key
	Created uint32 // Unix seconds; when it was first seen, if the API gave no time
	Code    Code
}

// Code packs what else must be known of a finished row: its status in bits 0-1,
// its object type in bits 2-3, and whether it was told in bit 4.
type Code uint8

const (
	codeComplete Code = 0
	codeFailed   Code = 1
	codeExpired  Code = 2
	codeStatus   Code = 3
	codeTold     Code = 1 << 4
	codeKnown    Code = 1<<5 - 1 // the bits in use
)

// typeClass is an object type as far as the API can filter by it.
type typeClass uint8

const (
	fileType typeClass = iota
	directoryType
	preloadType
	otherType
	typeClasses = 4
)

var classNames = [typeClasses]string{"file", "directory", "preload", ""}

func classOf(objectType string) typeClass {
	switch objectType {
	case "file":
		return fileType
	case "directory":
		return directoryType
	case "preload":
		return preloadType
	}
	return otherType
}

func codeFor(t Task, told bool) Code {
	code := codeExpired
	switch t.Status {
	case Complete:
		code = codeComplete
	case Failed:
		code = codeFailed
	}
	if told {
		code |= codeTold
	}
	return code | Code(classOf(t.ObjectType))<<2
}

// Status is how the row ended; "" when it left the API's memory unfinished.
func (c Code) Status() Status {
	switch c & codeStatus {
	case codeComplete:
		return Complete
	case codeFailed:
		return Failed
	}
	return ""
}

// Told reports whether somebody was told.
func (c Code) Told() bool { return c&codeTold != 0 }

func (c Code) class() typeClass { return typeClass(c >> 2 & 3) }

func compareMarks(a, b Mark) int {
	if c := cmp.Compare(a.Created, b.Created); c != 0 {
		return c
	}
	return cmp.Compare(a.Hash, b.Hash)
}

// unixSeconds is t as a Mark keeps it.
func unixSeconds(t time.Time) uint32 { return uint32(max(0, min(t.Unix(), 1<<32-1))) }

// since drops the rows created before t.
func (s Seen) since(t time.Time) Seen {
	i, _ := slices.BinarySearchFunc(s, unixSeconds(t), func(m Mark, at uint32) int { return cmp.Compare(m.Created, at) })
	return s[i:]
}

// within are the rows created in span.
func (s Seen) within(span Span) Seen {
	s = s.since(span.From)
	return s[:len(s)-len(s.since(span.To))]
}

// with is a new Seen that also holds added, which it sorts.
func (s Seen) with(added []Mark) Seen {
	slices.SortFunc(added, compareMarks)
	out := make(Seen, 0, len(s)+len(added))
	for _, m := range added {
		i, _ := slices.BinarySearchFunc(s, m, compareMarks)
		out, s = append(append(out, s[:i]...), m), s[i:]
	}
	return append(out, s...)
}

// The block: magic, rows, CRC-32C of what follows; then all hashes, all creation
// times, all codes, little endian.
const (
	seenMagic  = "rws1"
	seenHeader = len(seenMagic) + 4 + 4
	seenRow    = 8 + 4 + 1
)

// ErrSeen is wrapped by every error of DecodeSeen.
var ErrSeen = errors.New("the block of finished rows is damaged")

// castagnoli is made at its first use, once for the whole program.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// AppendBinary appends the compact block of s to b.
func (s Seen) AppendBinary(b []byte) []byte {
	b = slices.Grow(b, seenHeader+len(s)*seenRow)
	b = append(b, seenMagic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
	sum := len(b)
	b = append(b, 0, 0, 0, 0)
	for _, m := range s {
		b = binary.LittleEndian.AppendUint64(b, m.Hash)
	}
	for _, m := range s {
		b = binary.LittleEndian.AppendUint32(b, m.Created)
	}
	for _, m := range s {
		b = append(b, byte(m.Code))
	}
	binary.LittleEndian.PutUint32(b[sum:], crc32.Checksum(b[sum+4:], castagnoli()))
	return b
}

// DecodeSeen reads one whole block. Anything but the exact bytes AppendBinary
// wrote is an error: a damaged memory must never pass for an empty one.
func DecodeSeen(b []byte) (Seen, error) {
	if len(b) < seenHeader || string(b[:len(seenMagic)]) != seenMagic {
		return nil, fmt.Errorf("%w: no header", ErrSeen)
	}
	rows := uint64(binary.LittleEndian.Uint32(b[4:]))
	sum := binary.LittleEndian.Uint32(b[8:])
	b = b[seenHeader:]
	if uint64(len(b)) != rows*seenRow {
		return nil, fmt.Errorf("%w: %d bytes for %d rows", ErrSeen, len(b), rows)
	}
	if crc32.Checksum(b, castagnoli()) != sum {
		return nil, fmt.Errorf("%w: wrong checksum", ErrSeen)
	}
	s := make(Seen, rows)
	created, codes := b[8*rows:], b[12*rows:]
	for i := range s {
		s[i] = Mark{binary.LittleEndian.Uint64(b[8*i:]), binary.LittleEndian.Uint32(created[4*i:]), Code(codes[i])}
		if s[i].Code > codeKnown || s[i].Code&codeStatus == codeStatus || i > 0 && compareMarks(s[i-1], s[i]) > 0 {
			return nil, fmt.Errorf("%w: row %d makes no sense", ErrSeen, i)
		}
	}
	return s, nil
}
