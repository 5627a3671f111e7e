package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	mistral "mesh.example/client/gen/mistral/v1"
)

// mesh holds the clients of the services that the scenario needs.
type mesh struct {
	workflows  mistral.WorkflowServiceClient
	executions mistral.ExecutionServiceClient
	tasks      mistral.TaskServiceClient
}

func connect(connection *grpc.ClientConn) mesh {
	return mesh{
		workflows:  mistral.NewWorkflowServiceClient(connection),
		executions: mistral.NewExecutionServiceClient(connection),
		tasks:      mistral.NewTaskServiceClient(connection),
	}
}

func scenario(ctx context.Context, m mesh, wanted plan) (*report, error) {
	found := &report{}
	steps := []func(context.Context, mesh, plan, *report) error{define, start, watch, listTasks, steer, fail, remove}
	for _, step := range steps {
		if err := step(ctx, m, wanted, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func define(ctx context.Context, m mesh, wanted plan, found *report) error {
	created, err := m.workflows.CreateWorkflows(ctx, &mistral.CreateWorkflowsRequest{Definition: wanted.Definition})
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	for _, workflow := range created.Workflows {
		found.Versions = append(found.Versions, strconv.FormatInt(workflow.Version, 10))
	}
	return nil
}

// start starts twice under one key, which makes one execution, and waits for its end.
func start(ctx context.Context, m mesh, wanted plan, found *report) error {
	request := &mistral.StartExecutionRequest{
		Workflow: wanted.Workflow, Input: wanted.Input, RequestId: wanted.RequestID,
	}
	started, err := m.executions.StartExecution(ctx, request)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	request.Wait = durationpb.New(30 * time.Second)
	repeated, err := m.executions.StartExecution(ctx, request)
	if err != nil {
		return fmt.Errorf("repeated start: %w", err)
	}
	found.StartedID, found.RepeatedID = started.Execution.Id, repeated.Execution.Id
	found.State, found.Output = repeated.Execution.State.String(), repeated.Execution.Output
	var output struct {
		Greeting string      `json:"greeting"`
		Next     json.Number `json:"next"` // a float64 would round it
	}
	if err := json.Unmarshal([]byte(found.Output), &output); err != nil {
		return fmt.Errorf("output: %w", err)
	}
	found.Greeting, found.Next = output.Greeting, output.Next.String()
	return nil
}

// watch reads the events to the end, and once more those after the second one.
func watch(ctx context.Context, m mesh, _ plan, found *report) (err error) {
	if found.Events, err = m.events(ctx, found.StartedID, 0); err != nil || len(found.Events) < 2 {
		return err
	}
	position, err := strconv.ParseInt(found.Events[1].Position, 10, 64)
	if err != nil {
		return err
	}
	found.ResumedEvents, err = m.events(ctx, found.StartedID, position)
	return err
}

func (m mesh) events(ctx context.Context, id string, after int64) ([]seen, error) {
	stream, err := m.executions.WatchExecution(ctx, &mistral.WatchExecutionRequest{Id: id, AfterPosition: after})
	if err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	var events []seen
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return nil, fmt.Errorf("watch: %w", err)
		}
		position := strconv.FormatInt(answer.Event.Position, 10)
		events = append(events, seen{Position: position, Type: answer.Event.Type, Task: answer.Event.TaskName})
	}
}

func listTasks(ctx context.Context, m mesh, wanted plan, found *report) error {
	request := &mistral.ListTasksRequest{ExecutionId: found.StartedID, PageSize: wanted.PageSize}
	for {
		page, err := m.tasks.ListTasks(ctx, request)
		if err != nil {
			return fmt.Errorf("tasks: %w", err)
		}
		names := []string{}
		for _, task := range page.Tasks {
			names = append(names, task.Name)
		}
		found.TaskPages = append(found.TaskPages, names)
		if request.PageToken = page.NextPageToken; request.PageToken == "" {
			return nil
		}
	}
}

// steer pauses, resumes and cancels an execution that would run for ever.
func steer(ctx context.Context, m mesh, wanted plan, found *report) error {
	started, err := m.executions.StartExecution(ctx, &mistral.StartExecutionRequest{Workflow: wanted.Held})
	if err != nil {
		return fmt.Errorf("start held: %w", err)
	}
	id := started.Execution.Id
	found.Late = m.impatient(ctx, id)
	paused, err := m.executions.PauseExecution(ctx, &mistral.PauseExecutionRequest{Id: id})
	if err != nil {
		return fmt.Errorf("pause: %w", err)
	}
	resumed, err := m.executions.ResumeExecution(ctx, &mistral.ResumeExecutionRequest{Id: id})
	if err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	stop := &mistral.StopExecutionRequest{Id: id, State: mistral.State_STATE_CANCELLED, Message: wanted.Reason}
	stopped, err := m.executions.StopExecution(ctx, stop)
	if err != nil {
		return fmt.Errorf("cancel: %w", err)
	}
	for _, execution := range []*mistral.Execution{paused.Execution, resumed.Execution, stopped.Execution} {
		found.Steered = append(found.Steered, execution.State.String())
	}
	found.Reason = stopped.Execution.StateInfo
	_, err = m.executions.DeleteExecution(ctx, &mistral.DeleteExecutionRequest{Id: id})
	return err
}

// impatient watches what does not end, gives up, and returns the status of that.
func (m mesh) impatient(ctx context.Context, id string) string {
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	_, err := m.events(short, id, 0)
	return codeOf(err)
}

func fail(ctx context.Context, m mesh, wanted plan, found *report) error {
	_, err := m.workflows.CreateWorkflows(ctx, &mistral.CreateWorkflowsRequest{Definition: wanted.Faulty})
	found.Faulty = faultOf(err)
	_, err = m.executions.GetExecution(ctx, &mistral.GetExecutionRequest{Id: wanted.Unknown})
	found.Missing = faultOf(err)
	return nil
}

func remove(ctx context.Context, m mesh, wanted plan, found *report) error {
	if _, err := m.executions.DeleteExecution(ctx, &mistral.DeleteExecutionRequest{Id: found.StartedID}); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	for _, name := range []string{wanted.Workflow, wanted.Held} {
		if _, err := m.workflows.DeleteWorkflow(ctx, &mistral.DeleteWorkflowRequest{Identifier: name}); err != nil {
			return fmt.Errorf("delete %s: %w", name, err)
		}
	}
	_, gone := m.executions.GetExecution(ctx, &mistral.GetExecutionRequest{Id: found.StartedID})
	_, undefined := m.workflows.GetWorkflow(ctx, &mistral.GetWorkflowRequest{Identifier: wanted.Workflow})
	found.Deleted = []string{codeOf(gone), codeOf(undefined)}
	return nil
}
