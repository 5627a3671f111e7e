package mesh.mistral.sdk;

import mistral.v1.WorkerOuterClass.Assignment;
import mistral.v1.WorkerOuterClass.AssignmentResult;
import mistral.v1.WorkerOuterClass.HeldAssignment;

/** One run that the worker has in hand, until its result is recorded or rejected. */
final class Hand {
    final Assignment assignment;
    final Context context;
    AssignmentResult result;

    Hand(Assignment assignment, Context context) {
        this.assignment = assignment;
        this.context = context;
    }

    String token() {
        return assignment.getToken();
    }

    HeldAssignment held() {
        return HeldAssignment.newBuilder().setToken(token()).setFinished(result != null).build();
    }
}
