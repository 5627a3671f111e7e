package mesh.example.client;

import com.google.gson.Gson;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Runs one scenario against a mesh: {@code Client ADDRESS PLAN.json}. It prints what it saw as one JSON object. */
public final class Client {
    private Client() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 2) {
            System.err.println("usage: Client ADDRESS PLAN.json");
            System.exit(2);
        }
        Plan plan = new Gson().fromJson(Files.readString(Path.of(arguments[1])), Plan.class);
        ManagedChannel channel =
                Grpc.newChannelBuilder(arguments[0], InsecureChannelCredentials.create()).build();
        try {
            // The console's own character set may not have every letter.
            PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
            out.println(new Gson().toJson(new Scenario(channel, plan).report()));
        } finally {
            channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        }
    }
}
