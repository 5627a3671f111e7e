package mistral

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	redial "google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// mostBytes is the size of the largest message of the mesh.
const mostBytes = 16 << 20

// Connection says where the mesh is and who asks. The zero value reads the environment.
type Connection struct {
	// Address is host:port of the gateway; by default MISTRAL_GRPC, else 127.0.0.1:50051.
	Address string
	// Token is asked for a key or token before every call, so it may change; by default it is MISTRAL_TOKEN.
	Token func(context.Context) (string, error)
	// TLS secures the connection. By default, MISTRAL_TLS_CA names a file of certificates to trust; without that, the
	// connection is not secured.
	TLS *tls.Config
	// Dial are further options of the gRPC connection.
	Dial []grpc.DialOption
}

// StaticToken is a token that does not change.
func StaticToken(token string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return token, nil }
}

func (c Connection) filled() (Connection, error) {
	c.Address = cmp.Or(c.Address, os.Getenv("MISTRAL_GRPC"), "127.0.0.1:50051")
	if token := os.Getenv("MISTRAL_TOKEN"); c.Token == nil && token != "" {
		c.Token = StaticToken(token)
	}
	path := os.Getenv("MISTRAL_TLS_CA")
	if c.TLS != nil || path == "" {
		return c, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("mistral: MISTRAL_TLS_CA: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return c, fmt.Errorf("mistral: MISTRAL_TLS_CA: there is no certificate in %s", path)
	}
	c.TLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return c, nil
}

// open makes the connection; it is established when it is first used, and again whenever it breaks.
func (c Connection) open() (*grpc.ClientConn, error) {
	c, err := c.filled()
	if err != nil {
		return nil, err
	}
	secured := insecure.NewCredentials()
	if c.TLS != nil {
		secured = credentials.NewTLS(c.TLS)
	}
	retries := redial.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.3, MaxDelay: 5 * time.Second}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(secured),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: retries, MinConnectTimeout: 5 * time.Second}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(mostBytes), grpc.MaxCallSendMsgSize(mostBytes)),
	}
	if c.Token != nil {
		options = append(options, grpc.WithPerRPCCredentials(bearer{c.Token}))
	}
	return grpc.NewClient(c.Address, append(options, c.Dial...)...)
}

// bearer adds the token to every call.
type bearer struct {
	token func(context.Context) (string, error)
}

func (b bearer) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	token, err := b.token(ctx)
	if err != nil || token == "" {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

// RequireTransportSecurity says no, for on one machine, or behind a sidecar, there may be none.
func (b bearer) RequireTransportSecurity() bool { return false }
