// Package quiet keeps the vendor's SDK from printing requests.
//
// With DEBUG=sdk in the environment alibaba-cloud-sdk-go writes each URL to
// stdout: the access key, its signature and the security token among it, and in
// the middle of what a command line prints. It reads the variable while packages
// initialise (sdk/utils/debug.go, v1.63.107), before any code of ours could clear
// it. Go initialises a package that needs nothing but os ahead of those that need
// more, so this one gets there first. A test starts a process to prove it.
package quiet

import "os"

// The one place where something happens by importing: there is no other moment.
func init() {
	kept := ""
	for _, flag := range split(os.Getenv("DEBUG")) {
		switch {
		case flag == "sdk":
		case kept == "":
			kept = flag
		default:
			kept += "," + flag
		}
	}
	if kept != os.Getenv("DEBUG") {
		os.Setenv("DEBUG", kept)
	}
}

// split is strings.Split at commas: importing strings would make this package wait.
func split(list string) []string {
	var parts []string
	start := 0
	for i := range len(list) {
		if list[i] == ',' {
			parts = append(parts, list[start:i])
			start = i + 1
		}
	}
	return append(parts, list[start:])
}
