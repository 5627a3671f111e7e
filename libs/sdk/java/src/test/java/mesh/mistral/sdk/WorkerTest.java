package mesh.mistral.sdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mistral.v1.WorkerOuterClass.AssignmentResult;
import mistral.v1.WorkerOuterClass.HeldAssignment;
import mistral.v1.WorkerOuterClass.RejectionReason;
import mistral.v1.WorkerServiceOuterClass.WorkRequest.MessageCase;
import mistral.v1.WorkerServiceOuterClass.WorkResponse;
import mistral.v1.WorkerServiceOuterClass.WorkerHello;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The worker's side of the protocol. */
@Timeout(20)
class WorkerTest {
    private final CountDownLatch release = new CountDownLatch(1);
    private final CountDownLatch told = new CountDownLatch(1);
    private Mesh mesh;
    private Worker worker;

    @BeforeEach
    void begin() throws IOException {
        mesh = new Mesh();
        worker = new Worker.Builder(Map.of("MISTRAL_WORKER_ID", "w1", "MISTRAL_SLOTS", "3"))
                .channel(mesh.channel())
                .label("gpu", "yes")
                .queues("fast")
                .drainTimeout(Duration.ofSeconds(10))
                .action("now", Map.class, (context, input) -> input)
                .action("large", Map.class, (context, input) -> "x".repeat(20_000))
                .action("told", Map.class, (context, input) -> {
                    context.checkpoint(1);
                    release.await();
                    context.checkpoint(2);
                    context.log("still here");
                    told.countDown();
                    return null;
                })
                .action("held", Map.class, (context, input) -> {
                    release.await();
                    return "released";
                })
                .build()
                .start();
    }

    @AfterEach
    void end() {
        mesh.close();
        worker.drain().cancel(false);
    }

    private Mesh.Line welcomed() throws InterruptedException {
        Mesh.Line line = mesh.next();
        line.hear(MessageCase.HELLO);
        line.welcome();
        assertEquals(3, line.hear(MessageCase.CREDITS).getCredits().getMore());
        return line;
    }

    private static AssignmentResult result(Mesh.Line line) throws InterruptedException {
        return line.hear(MessageCase.RESULTS).getResults().getResults(0);
    }

    @Test
    void itSaysWhoItIs() throws InterruptedException {
        WorkerHello hello = mesh.next().hear(MessageCase.HELLO).getHello();

        assertEquals("w1", hello.getWorker().getId());
        assertEquals(List.of("fast"), hello.getWorker().getQueuesList());
        assertEquals(Map.of("gpu", "yes"), hello.getWorker().getLabelsMap());
        assertEquals(4, hello.getWorker().getActionsCount());
    }

    @Test
    void aRunIsAcknowledgedRunAndItsSlotGivenBack() throws InterruptedException {
        Mesh.Line line = welcomed();
        line.assign("now", "{\"a\": 9223372036854775808}", "t1");

        assertEquals(List.of("t1"), line.hear(MessageCase.ACKS).getAcks().getTokensList());
        assertEquals("{\"a\":9223372036854775808}", result(line).getSuccess().getOutput().toStringUtf8());
        assertEquals(1, line.hear(MessageCase.CREDITS).getCredits().getMore());
    }

    @Test
    void anActionThatItDoesNotOfferFails() throws InterruptedException {
        Mesh.Line line = welcomed();
        line.assign("other", "{}", "t1");

        assertEquals("UnknownAction", result(line).getFailure().getType());
    }

    @Test
    void aResultBeyondTheTermsFailsInItsPlace() throws InterruptedException {
        Mesh.Line line = welcomed();
        line.assign("large", "{}", "t1");

        assertEquals("ResultTooLarge", result(line).getFailure().getType());
    }

    @Test
    void heartbeatsNameAllRunsInBatchesAndOnlyWhenThereAreSome() throws InterruptedException {
        Mesh.Line line = welcomed();
        line.assign("held", "{}", "t1", "t2", "t3");
        Set<String> beaten = new HashSet<>();
        while (beaten.size() < 3) {
            List<String> tokens = line.hear(MessageCase.HEARTBEAT).getHeartbeat().getTokensList();
            assertTrue(tokens.size() <= 2);
            beaten.addAll(tokens);
        }

        assertEquals(Set.of("t1", "t2", "t3"), beaten);
    }

    @Test
    void aReconnectNamesWhatIsHeldAndSendsResultsAgain() throws InterruptedException {
        Mesh.Line line = welcomed();
        line.assign("now", "{}", "t1");
        line.assign("held", "{}", "t2");
        result(line);
        line.hear(MessageCase.HEARTBEAT);
        line.breakOff(Status.UNAVAILABLE);

        Mesh.Line second = mesh.next();
        List<HeldAssignment> held = second.hear(MessageCase.HELLO).getHello().getHeldList();
        assertEquals(List.of("t1 true", "t2 false"), held.stream().map(each -> each.getToken() + " " + each.getFinished()).toList());
        second.welcome();
        assertEquals("t1", result(second).getToken());
        assertEquals(2, second.hear(MessageCase.CREDITS).getCredits().getMore());
        release.countDown();
        assertEquals("t2", result(second).getToken());
    }

    @Test
    void progressThatWasToldWhileNobodyListenedIsToldAgain() throws InterruptedException {
        Mesh.Line line = welcomed();
        line.assign("told", "{}", "t1");
        assertEquals("1", line.hear(MessageCase.PROGRESS).getProgress().getProgress(0).getDetails().toStringUtf8());
        line.breakOff(Status.UNAVAILABLE);
        Mesh.Line second = mesh.next();
        second.hear(MessageCase.HELLO);
        release.countDown();
        told.await();
        second.welcome();

        var again = second.hear(MessageCase.PROGRESS).getProgress().getProgress(0);
        assertEquals("2", again.getDetails().toStringUtf8());
        assertEquals("still here", again.getLines(0).getMessage());
    }

    @Test
    void whatIsRecordedOrRejectedIsForgotten() throws InterruptedException {
        Mesh.Line line = welcomed();
        line.assign("now", "{}", "t1");
        line.assign("now", "{}", "t2");
        Set<String> seen = new HashSet<>();
        while (seen.size() < 2) {
            line.hear(MessageCase.RESULTS).getResults().getResultsList().forEach(each -> seen.add(each.getToken()));
        }
        line.recorded(List.of("t1"));
        WorkResponse.Builder rejections = WorkResponse.newBuilder();
        rejections.getRejectionsBuilder().addRejectionsBuilder().setToken("t2").setReason(RejectionReason.REJECTION_REASON_CLOSED);
        line.say(rejections);
        line.breakOff(Status.UNAVAILABLE);

        assertEquals(0, mesh.next().hear(MessageCase.HELLO).getHello().getHeldCount());
    }

    @Test
    void aServerThatLeavesIsLeftAtOnce() throws InterruptedException {
        Mesh.Line line = welcomed();
        line.assign("held", "{}", "t1");
        line.hear(MessageCase.ACKS);
        WorkResponse.Builder leaving = WorkResponse.newBuilder();
        leaving.getGoAwayBuilder().setReason("update");
        line.say(leaving);

        assertEquals("t1", mesh.next().hear(MessageCase.HELLO).getHello().getHeld(0).getToken());
    }

    @Test
    void aCancelStopsTheHandlerAndIsAnswered() throws InterruptedException {
        Mesh.Line line = welcomed();
        line.assign("held", "{}", "t1");
        line.hear(MessageCase.ACKS);
        WorkResponse.Builder cancels = WorkResponse.newBuilder();
        cancels.getCancelsBuilder().addCancelsBuilder().setToken("t1");
        line.say(cancels);

        assertTrue(result(line).hasCancellation());
    }

    @Test
    void aDrainFinishesWhatRunsAndThenLeaves() throws Exception {
        Mesh.Line line = welcomed();
        line.assign("held", "{}", "t1");
        line.hear(MessageCase.ACKS);
        var done = worker.drain();
        line.hear(MessageCase.DRAIN);
        assertFalse(done.isDone());
        release.countDown();
        result(line);
        assertFalse(line.completed);
        line.recorded(List.of("t1"));

        done.get(30, TimeUnit.SECONDS);
        assertTrue(line.completed);
    }

    @Test
    void aDrainWithoutAServerEndsWhenNothingIsInHand() throws Exception {
        mesh.close();
        worker.drain().get(30, TimeUnit.SECONDS);
    }

    @Test
    void aWorkerWhoseNameWasTakenOverStopsForGood() throws InterruptedException {
        Mesh.Line line = welcomed();
        line.breakOff(Status.ALREADY_EXISTS.withDescription("another instance"));

        WorkerException fault = assertThrows(WorkerException.class, worker::run);
        assertTrue(fault.getMessage().contains("another instance"));
    }

    @Test
    void whoIsNotLetInIsToldSo() throws InterruptedException {
        mesh.next().breakOff(Status.UNAUTHENTICATED.withDescription("no key"));

        var fault = assertThrows(WorkerException.class, () -> worker.awaitReady(Duration.ofSeconds(30)));
        assertTrue(fault.getMessage().contains("no key"));
    }

    @Test
    void aTokenThatExpiredLaterIsTriedAgain() throws InterruptedException {
        welcomed().breakOff(Status.UNAUTHENTICATED);

        mesh.next().hear(MessageCase.HELLO);
    }

    @Test
    void settingsThatCannotBeMeantAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Worker.Builder(Map.of("MISTRAL_SLOTS", "many")));
        assertThrows(IllegalArgumentException.class, () -> new Worker.Builder(Map.of("MISTRAL_SLOTS", "0")));
        assertThrows(IllegalStateException.class, () -> new Worker.Builder(Map.of()).build());
    }
}
