package notifier

import _ "embed"

// Manual is README.md: sinks and routes, for the people who configure them.
//
//go:embed README.md
var Manual string
