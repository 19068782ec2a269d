package poller

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// The block: magic, rows, CRC-32C of what follows; then all hashes, all creation
// times, all sinks, all codes, little endian. Format 1 had no sinks, and one bit that
// said whether anybody was notified.
const (
	blockMagic  = "rws2"
	blockHeader = len(blockMagic) + 4 + 4
	blockRow    = 8 + 4 + 4 + 1

	block1Magic    = "rws1"
	block1Row      = 8 + 4 + 1
	block1Notified = 1 << 4
	block1Known    = 1<<5 - 1
)

// ErrRecords is wrapped by every error of DecodeRecords.
var ErrRecords = errors.New("the block of finished rows is damaged")

// castagnoli is made at its first use, once for the whole program.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// AppendBinary appends the compact block of s to b.
func (s Records) AppendBinary(b []byte) []byte {
	le := binary.LittleEndian
	rows := len(s)
	start := len(b)
	b = append(b, make([]byte, blockHeader+rows*blockRow)...)
	block := b[start:]
	copy(block, blockMagic)
	le.PutUint32(block[4:], uint32(rows))
	body := block[blockHeader:]
	created, sinks, codes := body[8*rows:], body[12*rows:], body[16*rows:]
	for i, r := range s {
		le.PutUint64(body[8*i:], r.Hash)
		le.PutUint32(created[4*i:], r.Created)
		le.PutUint32(sinks[4*i:], uint32(r.Sinks))
		codes[i] = byte(r.Code)
	}
	le.PutUint32(block[8:], crc32.Checksum(body, castagnoli()))
	return b
}

// DecodeRecords reads one whole block of format 2 or 1. Anything but the exact bytes
// that were written is an error: a damaged memory must never pass for an empty one.
// A row of format 1 that somebody was notified of has [AllSinks].
func DecodeRecords(b []byte) (Records, error) {
	if len(b) < blockHeader {
		return nil, fmt.Errorf("%w: no header", ErrRecords)
	}
	size := map[string]uint64{blockMagic: blockRow, block1Magic: block1Row}[string(b[:4])]
	if size == 0 {
		return nil, fmt.Errorf("%w: unknown header", ErrRecords)
	}
	rows, sum := uint64(binary.LittleEndian.Uint32(b[4:])), binary.LittleEndian.Uint32(b[8:])
	body := b[blockHeader:]
	if uint64(len(body)) != rows*size {
		return nil, fmt.Errorf("%w: %d bytes for %d rows", ErrRecords, len(body), rows)
	}
	if crc32.Checksum(body, castagnoli()) != sum {
		return nil, fmt.Errorf("%w: wrong checksum", ErrRecords)
	}
	row := rowOf
	if size == block1Row {
		row = row1Of
	}
	s := make(Records, rows)
	for i := range s {
		r, ok := row(body, int(rows), i)
		if !ok || i > 0 && compareRecords(s[i-1], r) > 0 {
			return nil, fmt.Errorf("%w: row %d makes no sense", ErrRecords, i)
		}
		s[i] = r
	}
	return s, nil
}

func rowOf(body []byte, rows, i int) (Record, bool) {
	le := binary.LittleEndian
	r := Record{
		Hash: le.Uint64(body[8*i:]), Created: le.Uint32(body[8*rows+4*i:]),
		Sinks: Sinks(le.Uint32(body[12*rows+4*i:])), Code: Code(body[16*rows+i]),
	}
	return r, r.Code.valid() && !(r.Code.Silent() && r.Sinks != 0)
}

// row1Of reads a row of format 1: status in bits 0 and 1, the object type in bits 2
// and 3, which is not needed any more, and whether anybody was notified in bit 4.
func row1Of(body []byte, rows, i int) (Record, bool) {
	le := binary.LittleEndian
	code := body[12*rows+i]
	r := Record{Hash: le.Uint64(body[8*i:]), Created: le.Uint32(body[8*rows+4*i:]), Code: Code(code & 3)}
	if code&block1Notified != 0 {
		r.Sinks = AllSinks
	} else {
		r.Code |= codeSilent
	}
	return r, code <= block1Known && code&3 <= byte(codeExpired)
}
