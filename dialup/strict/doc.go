// Package strict reads TOML files that people write by hand, and tells them
// everything that is wrong with a file at once: each Problem has file, line,
// column, key, a sentence and what to do about it.
//
// Parse makes a Document out of a file's bytes: a tree of tables and values
// which keep their places, so that later readers can point at them, and
// writers can change one value and leave the rest as it was. A Reader takes
// typed values out of a table and reports wrong types, wrong values and, with
// Finish, the keys that nobody asked for.
//
// Only the TOML that settings need is taken: no lists of tables, nothing
// deeper than 8 levels, no file above 1 MiB. Control characters in strings
// are refused: they come from Windows names in double quotes ("CORP\bob").
package strict
