// Package foreign reads and writes the files in which others keep their
// connections: rasphone.pbk of Windows, wvdial.conf, pppd's peers files with
// chap-secrets and pap-secrets, and NetworkManager's keyfiles.
//
// Read makes entries of files, ready for phonebook.Edit. What has no place in
// an entry becomes a note with file and line, and so does what the phonebook
// would refuse: entries that Read gives can be added as they are. Write makes
// files of entries, and notes of what they cannot say.
//
// Nothing here opens files. A file that another one includes is read if it is
// among those given, by its name, and otherwise noted. Notes never hold a
// password, nor anything of a script that may have one.
package foreign
