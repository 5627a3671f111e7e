package mesh.mistral.sdk.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import mesh.mistral.sdk.Context;

/** Lines in files, which the suite counts. */
final class Notes {
    private static final String WORKER = System.getenv("MISTRAL_WORKER_ID");

    private Notes() {}

    /** Appends a line in one write; without a file it does nothing. */
    static void append(String file, String event, Context context) {
        if (file == null) {
            return;
        }
        String line = event + " " + WORKER + " " + context.idempotencyKey() + " " + context.attempt() + "\n";
        try {
            Files.write(
                    Path.of(file),
                    line.getBytes(StandardCharsets.UTF_8),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException fault) {
            throw new UncheckedIOException(fault);
        }
    }

    /** Kills this process unless it was done before. */
    static void dieOnce(String onceFile) {
        Path once = Path.of(onceFile);
        if (Files.exists(once)) {
            return;
        }
        try {
            Files.createFile(once);
            new ProcessBuilder("kill", "-9", String.valueOf(ProcessHandle.current().pid())).start().waitFor();
        } catch (IOException fault) {
            throw new UncheckedIOException(fault);
        } catch (InterruptedException fault) {
            throw new IllegalStateException("nobody interrupts the last act", fault);
        }
    }
}
