package agent

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
)

// listen opens the socket of the HTTP API; nil if it is off.
func (o *Options) listen() (net.Listener, error) {
	if o.HTTP == "off" {
		return nil, nil
	}
	if path, ok := strings.CutPrefix(o.HTTP, "unix:"); ok {
		return listenUnix(path)
	}
	l, err := net.Listen("tcp", o.HTTP)
	if err != nil {
		return nil, err
	}
	conf, err := o.tlsConfig()
	if err != nil {
		l.Close()
		return nil, err
	}
	if conf != nil {
		l = tls.NewListener(l, conf)
	}
	return l, nil
}

// listenUnix takes over the socket file of a process that is gone, and of no other. Only the file's owner may connect.
func listenUnix(path string) (net.Listener, error) {
	l, err := net.Listen("unix", path)
	if errors.Is(err, syscall.EADDRINUSE) && abandoned(path) {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
		l, err = net.Listen("unix", path)
	}
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func abandoned(path string) bool {
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSocket == 0 {
		return false
	}
	c, err := net.Dial("unix", path)
	if err == nil {
		c.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// tlsConfig is nil when no certificate is set.
func (o *Options) tlsConfig() (*tls.Config, error) {
	if o.TLSCert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(o.TLSCert, o.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert: %w", err)
	}
	conf := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	if o.TLSClientCA != "" {
		pem, err := os.ReadFile(o.TLSClientCA)
		if err != nil {
			return nil, fmt.Errorf("--tls-client-ca: %w", err)
		}
		conf.ClientCAs = x509.NewCertPool()
		if !conf.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--tls-client-ca: no certificate in %s", o.TLSClientCA)
		}
		// Not required at the handshake: health and metrics answer without one, the handler refuses the rest.
		conf.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return conf, nil
}
