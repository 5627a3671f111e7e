package mesh.mistral.sdk.conformance;

import com.google.gson.JsonObject;
import mesh.mistral.sdk.Json;
import mesh.mistral.sdk.WorkerListener;
import mistral.v1.WorkerOuterClass.Assignment;

/** Says when the worker is ready, and kills it at the moments that no handler sees. */
final class Crashes implements WorkerListener {
    private static final long FLUSH_MILLIS = 50;

    @Override
    public void welcomed(String session) {
        System.out.println("ready");
    }

    @Override
    public void assigned(Assignment assignment) {
        crash(assignment, "before-ack");
    }

    @Override
    public void sent(Assignment assignment) {
        crash(assignment, "after-result");
    }

    private static void crash(Assignment assignment, String moment) {
        if (!assignment.getAction().equals("conf.crash")) {
            return;
        }
        JsonObject input = Json.parse(assignment.getInput().toStringUtf8()).getAsJsonObject();
        if (!input.get("when").getAsString().equals(moment)) {
            return;
        }
        if (moment.equals("after-result")) {
            // The library has taken the message; give the kernel the moment to take it too.
            pause();
        }
        Notes.dieOnce(input.get("once_file").getAsString());
    }

    private static void pause() {
        try {
            Thread.sleep(FLUSH_MILLIS);
        } catch (InterruptedException fault) {
            throw new IllegalStateException("nobody interrupts the worker's own thread", fault);
        }
    }
}
