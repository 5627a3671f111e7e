package mesh.example.client;

import com.google.gson.annotations.SerializedName;

/** What to do; the same file serves the clients of all languages. */
record Plan(
        String workflow,
        String held,
        String definition,
        String faulty,
        String input,
        @SerializedName("request_id") String requestId,
        String reason,
        String unknown,
        @SerializedName("page_size") int pageSize) {}
