package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// As much as the mesh sends.
const maxMessage = 16 << 20

// dial makes a connection that is opened by the first call, and again whenever it breaks.
func dial(s *settings) (*grpc.ClientConn, error) {
	secured, err := transport(s)
	if err != nil {
		return nil, err
	}
	return grpc.NewClient(
		s.mesh,
		grpc.WithTransportCredentials(secured),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
	)
}

func transport(s *settings) (credentials.TransportCredentials, error) {
	if !s.meshTLS {
		return insecure.NewCredentials(), nil
	}
	config := &tls.Config{ServerName: s.meshName, MinVersion: tls.VersionTLS12}
	if s.meshCA != "" {
		text, err := os.ReadFile(s.meshCA)
		if err != nil {
			return nil, fmt.Errorf("-mesh-ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("-mesh-ca: %s holds no certificate", s.meshCA)
		}
	}
	if s.meshCert != "" {
		pair, err := tls.LoadX509KeyPair(s.meshCert, s.meshKey)
		if err != nil {
			return nil, fmt.Errorf("-mesh-cert, -mesh-key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return credentials.NewTLS(config), nil
}
