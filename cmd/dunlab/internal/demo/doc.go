// Package demo shows the main job on one machine that has nothing but the
// binaries: a device dials its ISP over a modem and lays a PPTP tunnel to an
// office over that connection.
//
// Device, ISP, office and a host behind the office are network namespaces.
// On the device and in the office the real dun runs, as a child process; the
// ISP answers its telephone with dun's own modem listener and PPP. Two
// emulated modems and an exchange make the telephone line.
package demo
