package mesh.mistral.sdk;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

/** Encrypts values before they leave this process, and decrypts what comes; the server sees neither keys nor plain values. */
public interface Codec {
    /** Returns the object that stands for a value. */
    JsonObject encrypt(JsonElement value);

    /**
     * Returns the value that an object stands for.
     *
     * @throws IllegalArgumentException when it cannot be decrypted; the message holds nothing of the value
     */
    JsonElement decrypt(JsonObject sealed);
}
