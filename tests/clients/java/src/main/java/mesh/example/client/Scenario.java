package mesh.example.client;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Channel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import mistral.v1.ExecutionOuterClass.Execution;
import mistral.v1.ExecutionOuterClass.ExecutionEvent;
import mistral.v1.ExecutionServiceGrpc;
import mistral.v1.ExecutionServiceGrpc.ExecutionServiceBlockingStub;
import mistral.v1.ExecutionServiceOuterClass.DeleteExecutionRequest;
import mistral.v1.ExecutionServiceOuterClass.GetExecutionRequest;
import mistral.v1.ExecutionServiceOuterClass.PauseExecutionRequest;
import mistral.v1.ExecutionServiceOuterClass.ResumeExecutionRequest;
import mistral.v1.ExecutionServiceOuterClass.StartExecutionRequest;
import mistral.v1.ExecutionServiceOuterClass.StopExecutionRequest;
import mistral.v1.ExecutionServiceOuterClass.WatchExecutionRequest;
import mistral.v1.StateOuterClass.State;
import mistral.v1.TaskOuterClass.Task;
import mistral.v1.TaskServiceGrpc;
import mistral.v1.TaskServiceOuterClass.ListTasksRequest;
import mistral.v1.TaskServiceOuterClass.ListTasksResponse;
import mistral.v1.WorkflowOuterClass.Workflow;
import mistral.v1.WorkflowServiceGrpc;
import mistral.v1.WorkflowServiceGrpc.WorkflowServiceBlockingStub;
import mistral.v1.WorkflowServiceOuterClass.CreateWorkflowsRequest;
import mistral.v1.WorkflowServiceOuterClass.DeleteWorkflowRequest;
import mistral.v1.WorkflowServiceOuterClass.GetWorkflowRequest;

/** One run; every method is a step and adds its part to the report. */
final class Scenario {
    private static final Duration WAIT = Duration.newBuilder().setSeconds(30).build();

    private final Channel channel;
    private final Plan plan;
    private final Map<String, Object> found = new LinkedHashMap<>();
    private String id = "";

    Scenario(Channel channel, Plan plan) {
        this.channel = channel;
        this.plan = plan;
    }

    /** Runs all steps, in their order. */
    Map<String, Object> report() throws InvalidProtocolBufferException {
        define();
        start();
        watch();
        listTasks();
        steer();
        fail();
        remove();
        return found;
    }

    private WorkflowServiceBlockingStub workflows() {
        return WorkflowServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
    }

    private ExecutionServiceBlockingStub executions() {
        return ExecutionServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
    }

    private void define() {
        var request = CreateWorkflowsRequest.newBuilder().setDefinition(plan.definition()).build();
        List<Workflow> created = workflows().createWorkflows(request).getWorkflowsList();
        found.put("versions", created.stream().map(workflow -> Long.toString(workflow.getVersion())).toList());
    }

    /** Starts twice under one key, which makes one execution, and waits for its end. */
    private void start() {
        var request = StartExecutionRequest.newBuilder()
                .setWorkflow(plan.workflow())
                .setInput(plan.input())
                .setRequestId(plan.requestId());
        Execution started = executions().startExecution(request.build()).getExecution();
        Execution repeated = executions().startExecution(request.setWait(WAIT).build()).getExecution();
        id = started.getId();
        found.put("started_id", id);
        found.put("repeated_id", repeated.getId());
        found.put("state", repeated.getState().name());
        found.put("output", repeated.getOutput());
        JsonObject output = JsonParser.parseString(repeated.getOutput()).getAsJsonObject();
        found.put("greeting", output.get("greeting").getAsString());
        found.put("next", output.get("next").getAsBigInteger().toString());
    }

    /** Reads the events to the end, and once more those after the second one. */
    private void watch() {
        List<Map<String, String>> events = events(0);
        found.put("events", events);
        found.put("resumed_events", events(Long.parseLong(events.get(1).get("position"))));
    }

    private List<Map<String, String>> events(long after) {
        var request = WatchExecutionRequest.newBuilder().setId(id).setAfterPosition(after).build();
        List<Map<String, String>> events = new ArrayList<>();
        executions().watchExecution(request).forEachRemaining(answer -> {
            ExecutionEvent event = answer.getEvent();
            String position = Long.toString(event.getPosition());
            events.add(Map.of("position", position, "type", event.getType(), "task", event.getTaskName()));
        });
        return events;
    }

    private void listTasks() {
        var tasks = TaskServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
        var request = ListTasksRequest.newBuilder().setExecutionId(id).setPageSize(plan.pageSize());
        List<List<String>> pages = new ArrayList<>();
        do {
            ListTasksResponse page = tasks.listTasks(request.build());
            pages.add(page.getTasksList().stream().map(Task::getName).toList());
            request.setPageToken(page.getNextPageToken());
        } while (!request.getPageToken().isEmpty());
        found.put("task_pages", pages);
    }

    /** Pauses, resumes and cancels an execution that would run for ever. */
    private void steer() throws InvalidProtocolBufferException {
        var start = StartExecutionRequest.newBuilder().setWorkflow(plan.held()).build();
        String held = executions().startExecution(start).getExecution().getId();
        var watch = WatchExecutionRequest.newBuilder().setId(held).build();
        var impatient = ExecutionServiceGrpc.newBlockingStub(channel).withDeadlineAfter(300, TimeUnit.MILLISECONDS);
        Map<String, String> late =
                Faults.of(() -> impatient.watchExecution(watch).forEachRemaining(answer -> {}));
        found.put("late", late.get("code"));
        var pause = PauseExecutionRequest.newBuilder().setId(held).build();
        Execution paused = executions().pauseExecution(pause).getExecution();
        var resume = ResumeExecutionRequest.newBuilder().setId(held).build();
        Execution resumed = executions().resumeExecution(resume).getExecution();
        var stop = StopExecutionRequest.newBuilder()
                .setId(held)
                .setState(State.STATE_CANCELLED)
                .setMessage(plan.reason());
        Execution stopped = executions().stopExecution(stop.build()).getExecution();
        executions().deleteExecution(DeleteExecutionRequest.newBuilder().setId(held).build());
        List<String> states = Stream.of(paused, resumed, stopped).map(each -> each.getState().name()).toList();
        found.put("steered", states);
        found.put("reason", stopped.getStateInfo());
    }

    private void fail() throws InvalidProtocolBufferException {
        var faulty = CreateWorkflowsRequest.newBuilder().setDefinition(plan.faulty()).build();
        found.put("faulty", Faults.of(() -> workflows().createWorkflows(faulty)));
        var missing = GetExecutionRequest.newBuilder().setId(plan.unknown()).build();
        found.put("missing", Faults.of(() -> executions().getExecution(missing)));
    }

    private void remove() throws InvalidProtocolBufferException {
        executions().deleteExecution(DeleteExecutionRequest.newBuilder().setId(id).build());
        for (String name : List.of(plan.workflow(), plan.held())) {
            workflows().deleteWorkflow(DeleteWorkflowRequest.newBuilder().setIdentifier(name).build());
        }
        var execution = GetExecutionRequest.newBuilder().setId(id).build();
        var workflow = GetWorkflowRequest.newBuilder().setIdentifier(plan.workflow()).build();
        String gone = Faults.of(() -> executions().getExecution(execution)).get("code");
        String undefined = Faults.of(() -> workflows().getWorkflow(workflow)).get("code");
        found.put("deleted", List.of(gone, undefined));
    }
}
