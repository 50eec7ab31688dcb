// Package phonebook reads phonebook.toml and secrets.toml: the entries that
// can be dialed, what proves who we are to those we call, and who may call us.
//
// Load takes both files or neither: one mistake refuses them. Check lists
// every mistake with file, line, key and remedy (package strict). An Entry
// holds all settings with their defaults filled in; Settings and Describe
// show it to people.
//
// Book.Document is the parsed file with the place of every value, for
// those who change one setting and leave the rest as it is.
package phonebook
