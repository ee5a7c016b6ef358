package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"github.com/grapevine-gossip/grapevine/httpapi/client"
	"github.com/grapevine-gossip/grapevine/internal/agent"
)

// connect returns a client of the agent that --addr names.
func (c *cli) connect() (*client.Client, error) {
	var token string
	if c.tokenFile != "" {
		t, err := agent.ReadToken(c.tokenFile)
		if err != nil {
			return nil, &failure{exitUsage, err, "name a file that holds one line, the token, with --token-file"}
		}
		token = t
	}
	transport, err := c.clientTLS()
	if err != nil {
		return nil, &failure{exitUsage, err, "name PEM files with --tls-ca, --tls-cert and --tls-key"}
	}
	cl, err := client.New(c.addr, client.Options{Token: token, Transport: transport})
	if err != nil {
		return nil, &failure{exitUsage, err, "--addr http://127.0.0.1:7788 or --addr unix:/run/grapevine.sock"}
	}
	return cl, nil
}

func (c *cli) clientTLS() (*http.Transport, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.tlsCA != "" {
		pem, err := os.ReadFile(c.tlsCA)
		if err != nil {
			return nil, err
		}
		if conf.RootCAs, err = x509.SystemCertPool(); err != nil {
			conf.RootCAs = x509.NewCertPool()
		}
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &os.PathError{Op: "read certificates", Path: c.tlsCA, Err: os.ErrInvalid}
		}
	}
	if c.tlsCert != "" {
		pair, err := tls.LoadX509KeyPair(c.tlsCert, c.tlsKey)
		if err != nil {
			return nil, err
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return &http.Transport{TLSClientConfig: conf}, nil
}

// ask runs one exchange with the agent, bounded by --timeout and ended by an interrupt.
func (c *cli) ask(cmd *cobra.Command, f func(context.Context, *client.Client) error) error {
	return c.follow(cmd, func(ctx context.Context, cl *client.Client) error {
		ctx, cancel := context.WithTimeout(ctx, c.timeout)
		defer cancel()
		return f(ctx, cl)
	})
}

// follow is ask without a timeout, for streams.
func (c *cli) follow(cmd *cobra.Command, f func(context.Context, *client.Client) error) error {
	cl, err := c.connect()
	if err != nil {
		return err
	}
	ctx, stop := interruptible(cmd)
	defer stop()
	return orInterrupted(ctx, f(ctx, cl))
}

// fetch gets a body twice: as it came, for -o json, and decoded.
func fetch[T any](ctx context.Context, cl *client.Client, path string, query url.Values) ([]byte, T, error) {
	var v T
	body, err := cl.Raw(ctx, path, query)
	if err == nil {
		err = json.Unmarshal(body, &v)
	}
	return body, v, err
}
