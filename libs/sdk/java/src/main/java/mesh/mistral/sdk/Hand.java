package mesh.mistral.sdk;

import mistral.v1.WorkerOuterClass.Assignment;
import mistral.v1.WorkerOuterClass.AssignmentFailure;
import mistral.v1.WorkerOuterClass.AssignmentProgress;
import mistral.v1.WorkerOuterClass.AssignmentResult;
import mistral.v1.WorkerOuterClass.HeldAssignment;

/** One run that the worker has in hand, until its result is recorded or rejected. */
final class Hand {
    final Assignment assignment;
    final Context context;
    private AssignmentProgress progress = AssignmentProgress.getDefaultInstance();
    private AssignmentResult result;

    Hand(Assignment assignment, Context context) {
        this.assignment = assignment;
        this.context = context;
    }

    String token() {
        return assignment.getToken();
    }

    boolean hasEnded() {
        return result != null;
    }

    AssignmentResult result() {
        return result;
    }

    HeldAssignment held() {
        return HeldAssignment.newBuilder().setToken(token()).setFinished(hasEnded()).build();
    }

    /** Keeps how it ended; what is larger than allowed is a failure in its place. */
    void end(AssignmentResult ended, long largest) {
        int size = ended.getSerializedSize();
        result = size <= largest
                ? ended
                : failure("ResultTooLarge", "the result is too large: " + size + " bytes, " + largest + " are allowed");
    }

    AssignmentResult failure(String type, String message) {
        AssignmentFailure failure =
                AssignmentFailure.newBuilder().setType(type).setMessage(message).build();
        return AssignmentResult.newBuilder().setToken(token()).setFailure(failure).build();
    }

    /** Keeps what was told of its progress. Lines are kept only until they can be sent. */
    void tell(AssignmentProgress said, boolean connected) {
        AssignmentProgress.Builder whole = progress.toBuilder().mergeFrom(said);
        progress = connected ? whole.clearLines().build() : whole.build();
    }

    /** Returns what a new session is to be told first; what it knows already does no harm. */
    AssignmentProgress retell() {
        AssignmentProgress whole = progress;
        progress = progress.toBuilder().clearLines().build();
        return whole;
    }
}
