package watch

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"refreshwatch/poller"
)

// Origin is whose tasks a run watches: a checkpoint of one origin must never be
// compared with the tasks of another, whose whole history would be new.
type Origin struct {
	Product string // vod, cdn or dcdn
	Region  string // of the API, where the product has one a region
	Account string // id of the Alibaba Cloud account, where it is known without a request; else ""
	KeyID   string // a long-lived AccessKey ID where the account is not known; else "". It is remembered as a hash
}

// Provenance is what a document remembers of the origins of its tasks.
type Provenance struct {
	Product string `json:"product,omitempty"`
	Region  string `json:"region,omitempty"`
	Account string `json:"account,omitempty"`
	// Keys are hashes of the AccessKey IDs that have polled with it, the newest last.
	Keys []string `json:"keys,omitempty"`
}

// mostKeys is more rotations than anybody makes in the days that rows are remembered.
const mostKeys = 8

// Check refuses the tasks of another product, region or account. What one side does
// not know is no contradiction.
func (p Provenance) Check(o Origin) error {
	differ := func(stored, mine string) bool { return stored != "" && mine != "" && stored != mine }
	switch {
	case differ(p.Product, o.Product):
		return p.foreign("product "+p.Product, "PRODUCT is "+o.Product)
	case p.Product != "" && differ(p.Region, o.Region):
		return p.foreign("region "+p.Region, "VOD_REGION is "+o.Region)
	case differ(p.Account, o.Account):
		return p.foreign("account "+p.Account, "this run watches account "+o.Account)
	}
	return nil
}

func (p Provenance) foreign(theirs, mine string) error {
	return &RunError{CodeCheckpointForeign, &poller.Mistake{
		Setting: "CHECKPOINT", Problem: "holds the tasks of " + poller.Printable(theirs) + ", and " + mine,
		Next: "Give each product, region and account a CHECKPOINT of its own",
	}}
}

// isNewKey reports whether polls were made with other keys only. Nobody can know
// whether that is a rotation or another account.
func (p Provenance) isNewKey(o Origin) bool {
	sameAccount := p.Account != "" && p.Account == o.Account
	return o.KeyID != "" && len(p.Keys) > 0 && !sameAccount && !slices.Contains(p.Keys, KeyHash(o.KeyID))
}

// origin is what this tick adds to a document's provenance. A new key counts from the first
// poll on that has made history of what it found: after a redrive the next poll would
// otherwise take a stranger's tasks for new ones.
func (r *run) origin(p Provenance) Origin {
	o := r.Origin
	if p.isNewKey(o) && !r.newKey {
		o.KeyID = ""
	}
	return o
}

// with is the provenance after a run of the origin.
func (p Provenance) with(o Origin) Provenance {
	set := func(stored *string, mine string) {
		if mine != "" {
			*stored = mine
		}
	}
	set(&p.Product, o.Product)
	set(&p.Region, o.Region)
	set(&p.Account, o.Account)
	if o.KeyID == "" {
		return p
	}
	hash := KeyHash(o.KeyID)
	others := slices.DeleteFunc(slices.Clone(p.Keys), func(k string) bool { return k == hash })
	p.Keys = append(others[max(0, len(others)+1-mostKeys):], hash)
	return p
}

// KeyHash tells AccessKey IDs apart without naming them.
func KeyHash(keyID string) string {
	sum := sha256.Sum256([]byte("refreshwatch key " + keyID))
	return hex.EncodeToString(sum[:8])
}
