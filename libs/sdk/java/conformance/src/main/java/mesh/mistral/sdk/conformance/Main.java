package mesh.mistral.sdk.conformance;

import java.util.Map;
import mesh.mistral.sdk.AesGcmCodec;
import mesh.mistral.sdk.Worker;

/** The worker of the conformance suite. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        Map<String, String> environment = System.getenv();
        Worker.Builder worker = Worker.builder().actions(new Actions()).listener(new Crashes());
        for (String pair : environment.getOrDefault("MISTRAL_LABELS", "").split(",")) {
            int at = pair.indexOf('=');
            if (at > 0) {
                worker.label(pair.substring(0, at), pair.substring(at + 1));
            }
        }
        // Parts of results are encrypted, so there must be keys.
        worker.codec(AesGcmCodec.parse(environment.get("MISTRAL_CODEC_KEYS"), environment.get("MISTRAL_CODEC_KID")));
        worker.build().run();
    }
}
