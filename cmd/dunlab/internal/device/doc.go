// Package device runs the dun binary in a namespace as a user would: with
// configuration files of its own, by its command line, reading what it
// prints as JSON. It knows nothing of dun's insides, so that it notices when
// the command line or its output changes.
package device
