//go:build !linux

package fctest

import "errors"

// Confine needs Linux's cgroups.
func (in *Instance) Confine(int64) (kind string, peak func() (int64, error), err error) {
	return "", nil, errors.New("no cgroups on this system")
}
