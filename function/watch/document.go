package watch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller"
	"refreshwatch/poller/checkpoint"
)

// Document is all state of refreshwatch. It is one blob, so that what was read and the
// deliveries it calls for change together or not at all.
type Document struct {
	Commit   string          `json:"commit"`  // the tick that wrote this generation: how it recognizes its own write
	Written  time.Time       `json:"written"` // by that run's clock
	Last     *Report         `json:"last,omitempty"`
	Health   Health          `json:"health,omitzero"`
	Quota    QuotaWatch      `json:"quota,omitzero"`
	Backfill *Resume         `json:"backfill,omitempty"`
	Of       Provenance      `json:"of,omitzero"`     // whose tasks these are
	Lost     []Loss          `json:"lost,omitempty"`  // runs that could not commit
	Sinks    []string        `json:"sinks,omitempty"` // the sink of each bit of [poller.Sinks]
	Poller   poller.State    `json:"poller"`
	Outbox   notifier.Outbox `json:"outbox,omitzero"`
}

// Resume is where a backfill that ran out of time goes on.
type Resume struct {
	Request string          `json:"request"` // what was asked, so that only the same call goes on
	At      time.Time       `json:"at"`      // when it stopped: long after that the same call is a new one
	Rest    []poller.Window `json:"rest"`
}

// The encoded document: one line that says what follows, the head as readable JSON,
// and the block of finished rows. The checksum covers head and block.
const (
	documentMagic   = "refreshwatch"
	documentVersion = 2
	documentLine    = "%s %d %d %d %08x\n" // magic, version, head bytes, block bytes, CRC-32C

	// MaxDocument is the largest document that is written or read.
	MaxDocument = 48 << 20
)

// castagnoli is made at its first use, once for the whole program.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// Encode writes the document in the newest version.
func (d Document) Encode() ([]byte, error) {
	head, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode checkpoint: %w", err)
	}
	head = append(head, '\n')
	body := d.Poller.Finished.AppendBinary(head)
	line := fmt.Appendf(nil, documentLine, documentMagic, documentVersion, len(head), len(body)-len(head), crc32.Checksum(body, castagnoli()))
	if len(line)+len(body) > MaxDocument {
		return nil, fmt.Errorf("encode checkpoint: %d bytes are over the bound of %d; redrive or remove the sinks that are down", len(body), MaxDocument)
	}
	return append(line, body...), nil
}

// ErrNewer is a document of a version this program does not know.
var ErrNewer = errors.New("the checkpoint was written by a newer refreshwatch")

// DecodeDocument reads a document of any known version. Damage is
// [checkpoint.ErrCorrupt]; nothing is ever guessed.
func DecodeDocument(data []byte) (Document, error) {
	d, err := decodeDocument(data)
	switch {
	case errors.Is(err, ErrNewer):
		return d, &checkpoint.Error{Problem: err.Error(), Next: "Deploy the newer release again", Err: err}
	case err != nil:
		return d, checkpoint.Damaged(err)
	}
	return d, nil
}

func decodeDocument(data []byte) (Document, error) {
	var d Document
	line, body, _ := bytes.Cut(data, []byte("\n"))
	var magic string
	var version, headSize, blockSize int
	var sum uint32
	n, _ := fmt.Sscanf(string(line)+"\n", documentLine, &magic, &version, &headSize, &blockSize, &sum)
	if n >= 2 && magic == documentMagic && version > documentVersion {
		return d, fmt.Errorf("%w: version %d, this one knows up to %d", ErrNewer, version, documentVersion)
	}
	switch {
	case n != 5 || version < 1 || fmt.Sprintf(documentLine, documentMagic, version, headSize, blockSize, sum) != string(line)+"\n":
		return d, fmt.Errorf("%w: it does not begin as a checkpoint", checkpoint.ErrCorrupt)
	case headSize < 0 || blockSize < 0 || headSize+blockSize != len(body):
		return d, fmt.Errorf("%w: %d bytes where %d were written", checkpoint.ErrCorrupt, len(body), headSize+blockSize)
	case crc32.Checksum(body, castagnoli()) != sum:
		return d, fmt.Errorf("%w: its checksum does not match", checkpoint.ErrCorrupt)
	}
	if isCrowded(body[:headSize]) {
		return d, fmt.Errorf("%w: it lists more rows than its %d bytes can hold", checkpoint.ErrCorrupt, headSize)
	}
	finished, err := poller.DecodeRecords(body[headSize:])
	if err != nil {
		return Document{}, fmt.Errorf("%w: finished rows: %v", checkpoint.ErrCorrupt, err)
	}
	if err := d.decodeHead(body[:headSize], version, finished); err != nil {
		return Document{}, fmt.Errorf("%w: head: %v", checkpoint.ErrCorrupt, err)
	}
	return d, nil
}

func (d *Document) decodeHead(head []byte, version int, finished poller.Records) error {
	if version == documentVersion {
		d.Poller.Finished = finished
		return json.Unmarshal(head, d)
	}
	// Format 1 remembered of a row whether anybody was notified, not who; and what was
	// left of a backfill in questions of another kind, which begins again.
	old := struct {
		*Document
		Backfill json.RawMessage `json:"backfill"`
		Poller   json.RawMessage `json:"poller"`
	}{Document: d}
	if err := json.Unmarshal(head, &old); err != nil {
		return err
	}
	state, err := poller.UpgradeState(old.Poller, finished)
	d.Poller = state
	return err
}
