// Artefact compares two builds of the deployed program and holds them to a size,
// as a binary and as the archive that is uploaded.
package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"os"
)

// A cold start loads all of it. These are ceilings with some room, not goals.
const (
	maxBinary = 12_000_000 // bytes
	maxZip    = 4_500_000  // bytes
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(files []string) error {
	if len(files) != 2 {
		return fmt.Errorf("usage: go run artefact.go BUILD REBUILD")
	}
	first, err := os.ReadFile(files[0])
	if err != nil {
		return err
	}
	second, err := os.ReadFile(files[1])
	if err != nil {
		return err
	}
	if !bytes.Equal(first, second) {
		return fmt.Errorf("two builds differ (%d and %d bytes)", len(first), len(second))
	}
	size, err := zipped(first)
	if err != nil {
		return err
	}
	fmt.Printf("binary %d bytes (at most %d), zip %d bytes (at most %d)\n", len(first), maxBinary, size, maxZip)
	if len(first) > maxBinary || size > maxZip {
		return fmt.Errorf("the program has become too big")
	}
	return nil
}

// zipped is how big data is in an archive.
func zipped(data []byte) (int, error) {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression) // the nearest to the zlib of the deploy tool
	})
	w, err := z.Create("refreshwatch")
	if err != nil {
		return 0, err
	}
	if _, err := w.Write(data); err != nil {
		return 0, err
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	return archive.Len(), nil
}
