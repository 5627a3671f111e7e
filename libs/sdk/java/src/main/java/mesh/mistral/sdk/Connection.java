package mesh.mistral.sdk;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.TlsChannelCredentials;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Where the mesh is, how the way there is kept secret, and who is asking. Every method returns a changed copy. */
public final class Connection {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> PROJECT = Metadata.Key.of("x-project-id", Metadata.ASCII_STRING_MARSHALLER);
    private static final int LARGEST_MESSAGE = 64 << 20;
    private static final long KEEPALIVE_SECONDS = 30;

    private record Tls(File authority, File certificate, File key) {}

    private final String address;
    private final Supplier<String> token;
    private final String project;
    private final Tls tls;

    private Connection(String address, Supplier<String> token, String project, Tls tls) {
        this.address = address;
        this.token = token;
        this.project = project;
        this.tls = tls;
    }

    /** To host:port of a gateway, without TLS. */
    public static Connection to(String address) {
        return new Connection(address, () -> "", "", null);
    }

    /** As the environment says: MISTRAL_GRPC (127.0.0.1:50051), MISTRAL_TOKEN and MISTRAL_TLS_CA. */
    public static Connection fromEnvironment() {
        return from(System.getenv());
    }

    static Connection from(Map<String, String> environment) {
        Connection found = to(environment.getOrDefault("MISTRAL_GRPC", "127.0.0.1:50051"));
        String token = environment.getOrDefault("MISTRAL_TOKEN", "");
        String authority = environment.getOrDefault("MISTRAL_TLS_CA", "");
        found = token.isEmpty() ? found : found.token(token);
        return authority.isEmpty() ? found : found.tls(Path.of(authority));
    }

    /** With an API key or a token. */
    public Connection token(String token) {
        return token(() -> token);
    }

    /** With a token that is asked for anew before every call; empty or null for none. */
    public Connection token(Supplier<String> token) {
        return new Connection(address, token, project, tls);
    }

    /** For a project, for callers that may act in several. */
    public Connection project(String project) {
        return new Connection(address, token, project, tls);
    }

    /** With TLS, by the authorities that this Java trusts. */
    public Connection tls() {
        return new Connection(address, token, project, new Tls(null, null, null));
    }

    /** With TLS, by the authority of a PEM file. */
    public Connection tls(Path authority) {
        return new Connection(address, token, project, new Tls(authority.toFile(), null, null));
    }

    /** With TLS, and a certificate of its own that proves who is asking. */
    public Connection tls(Path authority, Path certificate, Path key) {
        return new Connection(
                address, token, project, new Tls(authority.toFile(), certificate.toFile(), key.toFile()));
    }

    ManagedChannel open() {
        return Grpc.newChannelBuilder(address, credentials())
                .maxInboundMessageSize(LARGEST_MESSAGE)
                .keepAliveTime(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
                .intercept(new Identity())
                .build();
    }

    private ChannelCredentials credentials() {
        if (tls == null) {
            return InsecureChannelCredentials.create();
        }
        TlsChannelCredentials.Builder builder = TlsChannelCredentials.newBuilder();
        try {
            if (tls.authority() != null) {
                builder.trustManager(tls.authority());
            }
            if (tls.certificate() != null) {
                builder.keyManager(tls.certificate(), tls.key());
            }
        } catch (IOException fault) {
            throw new UncheckedIOException("a certificate cannot be read: " + fault.getMessage(), fault);
        }
        return builder.build();
    }

    /** Says with every call who is asking. */
    private final class Identity implements ClientInterceptor {
        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            return new ForwardingClientCall.SimpleForwardingClientCall<>(next.newCall(method, options)) {
                @Override
                public void start(Listener<A> listener, Metadata headers) {
                    String secret = token.get();
                    if (secret != null && !secret.isEmpty()) {
                        headers.put(AUTHORIZATION, "Bearer " + secret);
                    }
                    if (!project.isEmpty()) {
                        headers.put(PROJECT, project);
                    }
                    super.start(listener, headers);
                }
            };
        }
    }

    @Override
    public String toString() {
        return (tls == null ? "" : "TLS to ") + address;
    }
}
