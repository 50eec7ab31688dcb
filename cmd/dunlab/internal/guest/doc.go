// Package guest runs software that nobody here wrote on a Linux kernel with
// PPP: User Mode Linux, a kernel that runs as an ordinary process. Its root
// is the machine's own disk, read-only, so that pppd, pptpd and pptp run
// unchanged.
//
// A guest is data: a Spec says which modules, interfaces, files and services
// it has, and the functions Pptpd, ISP, PptpClient, Forwarder and Device
// make Specs. dunlab itself is the guest's first process (Init) and its
// agent (Agent), which runs programs at the laboratory's word over a control
// network of its own. Whatever guests print goes to their console and from
// there to a log file.
package guest
