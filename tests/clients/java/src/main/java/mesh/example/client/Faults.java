package mesh.example.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads all that an error says. */
final class Faults {
    private Faults() {}

    /** Makes a call that fails, and returns its status and what its details say. */
    static Map<String, String> of(Runnable call) throws InvalidProtocolBufferException {
        try {
            call.run();
        } catch (StatusRuntimeException error) {
            return said(error);
        }
        return Map.of("code", "OK");
    }

    private static Map<String, String> said(StatusRuntimeException error) throws InvalidProtocolBufferException {
        Map<String, String> said = new LinkedHashMap<>();
        said.put("code", error.getStatus().getCode().name());
        for (Any detail : StatusProto.fromThrowable(error).getDetailsList()) {
            if (detail.is(ErrorInfo.class)) {
                ErrorInfo info = detail.unpack(ErrorInfo.class);
                said.put("reason", info.getReason());
                said.put("domain", info.getDomain());
                said.put("line", info.getMetadataOrDefault("line", ""));
            } else if (detail.is(BadRequest.class)) {
                for (BadRequest.FieldViolation violation : detail.unpack(BadRequest.class).getFieldViolationsList()) {
                    said.put("field", violation.getField());
                    said.put("description", violation.getDescription());
                }
            }
        }
        return said;
    }
}
