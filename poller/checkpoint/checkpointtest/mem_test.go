package checkpointtest

import (
	"testing"

	"refreshwatch/poller/checkpoint"
)

func TestMemConforms(t *testing.T) {
	Run(t, func(*testing.T) Place {
		m := NewMem()
		return Place{
			Open:  func() checkpoint.Store { return m.Process(nil) },
			Set:   m.Set,
			Names: m.Names,
			Age:   m.Age,
		}
	})
}
