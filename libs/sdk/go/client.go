package mistral

import (
	"context"
	"crypto/rand"
	"fmt"
	"reflect"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "mistral-mesh/sdk/mistral/gen/mistral/v1"
)

// callTimeout is how long a call may take that the caller's context does not limit.
const callTimeout = 30 * time.Second

// ClientOptions of a client. What is not given is read from the environment.
type ClientOptions struct {
	Connection
	// Codec encrypts the marked fields of inputs and decrypts outputs.
	Codec Codec
}

// Client uploads, starts, watches and steers workflows. It is safe for concurrent use.
//
// Its errors wrap the status of the call: google.golang.org/grpc/status reads code and details.
type Client struct {
	connection *grpc.ClientConn
	codec      Codec
	workflows  pb.WorkflowServiceClient
	executions pb.ExecutionServiceClient
	workers    pb.WorkerServiceClient
}

// NewClient makes a client; the connection is established by the first call.
func NewClient(options ClientOptions) (*Client, error) {
	connection, err := options.Connection.open()
	if err != nil {
		return nil, err
	}
	return &Client{
		connection: connection, codec: options.Codec,
		workflows:  pb.NewWorkflowServiceClient(connection),
		executions: pb.NewExecutionServiceClient(connection),
		workers:    pb.NewWorkerServiceClient(connection),
	}, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.connection.Close() }

// Conn is the gRPC connection, for the services that this client does not wrap.
func (c *Client) Conn() *grpc.ClientConn { return c.connection }

// Upload stores the workflows of a YAML or JSON document: new ones are created, and if one exists already, the whole
// document replaces what is stored. It returns their names.
func (c *Client) Upload(ctx context.Context, definition string) ([]string, error) {
	stored, err := call(ctx, c.workflows.CreateWorkflows, &pb.CreateWorkflowsRequest{Definition: definition})
	if err == nil {
		return names(stored.Workflows), nil
	}
	if status.Code(err) != codes.AlreadyExists {
		return nil, fmt.Errorf("mistral: upload: %w", err)
	}
	replaced, err := call(ctx, c.workflows.UpdateWorkflows, &pb.UpdateWorkflowsRequest{Definition: definition})
	if err != nil {
		return nil, fmt.Errorf("mistral: upload: %w", err)
	}
	return names(replaced.Workflows), nil
}

func names(workflows []*pb.Workflow) (names []string) {
	for _, workflow := range workflows {
		names = append(names, workflow.Name)
	}
	return names
}

// StartOptions says more about a start.
type StartOptions struct {
	// RequestID is a key of your own: a start under the same key is the same start. By default it is made by chance, so
	// that a start that is repeated because of a broken connection happens once.
	RequestID string
	// Namespace the workflow is looked up in.
	Namespace string
	// Params are start parameters such as `env`: a JSON object; nil for none.
	Params any
	// Description is free text, shown with the execution.
	Description string
	// Secret names fields of the input to encrypt, beside those tagged `mistral:"secret"`.
	Secret []string
}

// Start starts a workflow with an input, a JSON object or nil, and returns once the start is durable.
func (c *Client) Start(ctx context.Context, workflow string, input any, options ...StartOptions) (*Execution, error) {
	var chosen StartOptions
	if len(options) > 0 {
		chosen = options[0]
	}
	request, err := c.request(workflow, input, chosen)
	if err != nil {
		return nil, fmt.Errorf("mistral: start of %q: %w", workflow, err)
	}
	started, err := repeated(ctx, c.executions.StartExecution, request)
	if err != nil {
		return nil, fmt.Errorf("mistral: start of %q: %w", workflow, err)
	}
	return c.Execution(started.Execution.Id), nil
}

func (c *Client) request(workflow string, input any, options StartOptions) (*pb.StartExecutionRequest, error) {
	request := &pb.StartExecutionRequest{
		Workflow: workflow, Namespace: options.Namespace, Description: options.Description, RequestId: options.RequestID,
	}
	if request.RequestId == "" {
		request.RequestId = rand.Text()
	}
	if input != nil {
		text, err := encode(input)
		if err != nil {
			return nil, err
		}
		secrets := append(secretsOf(reflect.TypeOf(input)), options.Secret...)
		if text, err = seal(c.codec, text, secrets); err != nil {
			return nil, err
		}
		request.Input = string(text)
	}
	if options.Params != nil {
		text, err := encode(options.Params)
		if err != nil {
			return nil, err
		}
		request.Params = string(text)
	}
	return request, nil
}

// Complete ends a deferred run well. The token is [Run].Token; nobody else must know it.
func (c *Client) Complete(ctx context.Context, token string, output any) error {
	text, err := encode(output)
	if err != nil {
		return fmt.Errorf("mistral: complete: %w", err)
	}
	return c.complete(ctx, outcomeOf(ctx, token, text, nil))
}

// Fail ends a deferred run badly.
func (c *Client) Fail(ctx context.Context, token string, failure error) error {
	return c.complete(ctx, &pb.AssignmentResult{
		Token: token, Outcome: &pb.AssignmentResult_Failure{Failure: failureOf(failure)},
	})
}

// complete sends one result and returns once it is recorded.
func (c *Client) complete(ctx context.Context, result *pb.AssignmentResult) error {
	request := &pb.CompleteAssignmentsRequest{Results: []*pb.AssignmentResult{result}}
	answer, err := repeated(ctx, c.workers.CompleteAssignments, request)
	if err != nil {
		return fmt.Errorf("mistral: complete: %w", err)
	}
	for _, rejection := range answer.Rejections {
		return fmt.Errorf("mistral: complete: %w: %s", ErrLeaseLost, rejection.Message)
	}
	return nil
}

type method[Request, Answer any] func(context.Context, *Request, ...grpc.CallOption) (*Answer, error)

// call makes a call that ends in time.
func call[Request, Answer any](ctx context.Context, m method[Request, Answer], request *Request) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return m(ctx, request)
}

// repeated makes a call that may be repeated until the mesh is there, at most for callTimeout.
func repeated[Request, Answer any](ctx context.Context, m method[Request, Answer], request *Request) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	back := newBackoff()
	for {
		answer, err := m(ctx, request)
		if status.Code(err) != codes.Unavailable || !pause(ctx, back.next()) {
			return answer, err
		}
	}
}

// final says whether it is of no use to make a call that failed once more.
func final(ctx context.Context, err error) bool {
	code := status.Code(err)
	return ctx.Err() != nil || (code != codes.Unavailable && code != codes.DeadlineExceeded)
}
