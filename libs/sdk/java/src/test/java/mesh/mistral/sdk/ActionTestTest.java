package mesh.mistral.sdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.math.BigInteger;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What handlers get and give, without a server. */
class ActionTestTest {
    enum Size {
        SMALL,
        LARGE
    }

    record Line(String text, Optional<Integer> count) {}

    record Order(String id, Size size, List<Line> lines, @Param(required = false) Map<String, Double> weights) {}

    record Card(String number, String holder) {}

    static final class Shop {
        @Action(value = "shop.order", description = "Takes an order.", safeRerun = true, concurrency = 2)
        Map<String, Object> order(Order order) {
            return Map.of("id", order.id(), "lines", order.lines().size(), "size", order.size());
        }

        @Action("shop.add")
        BigInteger add(BigInteger left, @Param(value = "and", required = false) BigInteger right) {
            return right == null ? left : left.add(right);
        }

        @Action("shop.any")
        Object any(@Param("value") Object value) {
            return value;
        }

        @Action(value = "shop.card", encrypt = "number")
        Card card(Card card) {
            return card;
        }

        @Action("shop.fail")
        void fail(Context context) {
            context.log(Level.WARNING, "about to fail");
            throw new ActionFailure("Closed", "come back tomorrow").withDetails(List.of(1, 2)).permanent();
        }

        @Action("shop.resume")
        int resume(Context context, int steps) {
            int from = context.lastDetails(Integer.class).orElse(0);
            for (int step = from + 1; step <= steps; step++) {
                context.progress(100.0 * step / steps, step);
            }
            return from;
        }

        @Action("shop.wait")
        void hang() throws InterruptedException {
            Thread.sleep(60_000);
        }

        @Action("shop.later")
        CompletableFuture<Object> later(Context context, boolean defer) {
            return CompletableFuture.supplyAsync(() -> {
                if (defer) {
                    return context.defer();
                }
                throw new IllegalStateException("broken");
            });
        }

        @Action("shop.nothing")
        void nothing() {}
    }

    private static ActionTest shop() {
        return ActionTest.of(new Shop());
    }

    @Test
    void recordsComeFromJsonAndGoThere() {
        var input = Map.of("id", "o1", "size", "LARGE", "lines", List.of(Map.of("text", "a"), Map.of("text", "b", "count", 2)));
        JsonObject result = shop().run("shop.order", input).sent().getAsJsonObject();

        assertEquals(Json.parse("{\"id\":\"o1\",\"lines\":2,\"size\":\"LARGE\"}"), result);
    }

    @Test
    void schemasComeFromTypes() {
        JsonElement wanted = Json.parse(
                """
                {"type":"object","additionalProperties":false,"required":["id","size","lines"],"properties":{
                  "id":{"type":"string"},"size":{"enum":["SMALL","LARGE"]},
                  "lines":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["text"],
                    "properties":{"text":{"type":"string"},"count":{"anyOf":[
                      {"type":"integer","minimum":-2147483648,"maximum":2147483647},{"type":"null"}]}}}},
                  "weights":{"anyOf":[{"type":"object","additionalProperties":{"type":"number"}},{"type":"null"}]}}}""");

        assertEquals(Json.text(sorted(wanted)), Json.text(sorted(shop().schema("shop.order"))));
    }

    private static Object sorted(JsonElement value) {
        if (value.isJsonObject()) {
            Map<String, Object> sorted = new java.util.TreeMap<>();
            value.getAsJsonObject().entrySet().forEach(entry -> sorted.put(entry.getKey(), sorted(entry.getValue())));
            return sorted;
        }
        return value.isJsonArray()
                ? value.getAsJsonArray().asList().stream().map(ActionTestTest::sorted).toList()
                : value;
    }

    @Test
    void bigIntegersStayWhatTheyAre() {
        BigInteger big = new BigInteger("1234567890123456789012345678901234567890");
        BigInteger sum = shop().run("shop.add", Map.of("left", big, "and", BigInteger.ONE)).result(BigInteger.class);

        assertEquals(big.add(BigInteger.ONE), sum);
        assertEquals(big.toString(), Json.text(shop().run("shop.any", Map.of("value", big)).sent()));
        assertEquals("9223372036854775807", Json.text(shop().run("shop.any", Map.of("value", Long.MAX_VALUE)).sent()));
        assertEquals("9007199254740993", Json.text(shop().run("shop.any", Map.of("value", 9007199254740993L)).sent()));
        assertEquals(BigInteger.TEN, shop().run("shop.add", Map.of("left", 10)).result(BigInteger.class));
    }

    @Test
    void allOfUnicodePassesThrough() {
        String text = "Grüße \uD83E\uDD8A \u2028 <&> \u0001";
        assertEquals(text, shop().run("shop.any", Map.of("value", text)).result(String.class));
    }

    @Test
    void failuresKeepTypeDetailsAndPermanence() {
        var ended = shop().run("shop.fail", Map.of());
        ActionFailure failure = ended.failure();

        assertEquals("Closed", failure.type());
        assertEquals("come back tomorrow", failure.getMessage());
        assertEquals(Json.parse("[1,2]"), failure.details());
        assertTrue(failure.isPermanent());
        assertEquals(List.of("about to fail"), ended.log());
    }

    @Test
    void inputThatIsNoneOfTheTypeFailsTheRunAndNamesWhy() {
        assertFalse(shop().run("shop.add", Map.of("left", "many")).failure().getMessage().isEmpty());
    }

    @Test
    void progressIsToldAndTakenUp() {
        var first = shop().run("shop.resume", Map.of("steps", 2));
        var second = shop().attempt(2, 1).run("shop.resume", Map.of("steps", 2));

        assertEquals(List.of(50.0, 100.0), first.percents());
        assertEquals(List.of(100.0), second.percents());
        assertEquals(1, second.result(Integer.class));
    }

    @Test
    void aCancelInterruptsTheHandler() {
        ActionTest test = shop();
        test.cancel();

        assertTrue(test.run("shop.wait", Map.of()).isCancelled());
        assertFalse(Thread.interrupted());
    }

    @Test
    void stagesEndTheRunWhenTheyEnd() {
        assertTrue(shop().run("shop.later", Map.of("defer", true)).isDeferred());
        ActionFailure failure = shop().run("shop.later", Map.of("defer", false)).failure();
        assertEquals("IllegalStateException broken", failure.type() + " " + failure.getMessage());
    }

    @Test
    void nothingIsNull() {
        assertTrue(shop().run("shop.nothing", Map.of()).sent().isJsonNull());
    }

    @Test
    void markedFieldsLeaveEncryptedAndMayArriveSo() {
        AesGcmCodec codec = new AesGcmCodec(Map.of("k", new byte[32]), "k");
        JsonObject sealed = codec.encrypt(Json.parse("\"4111\""));
        ActionTest test = shop().with(codec);
        var ended = test.run("shop.card", Map.of("number", sealed, "holder", "Ada"));

        assertFalse(Json.text(ended.sent()).contains("4111"));
        assertEquals(new Card("4111", "Ada"), ended.result(Card.class));
        assertTrue(Json.text(test.schema("shop.card")).contains(Sealing.MARK));
    }

    @Test
    void handlersMayBeLambdas() throws Exception {
        var ended = ActionTest.of(Line.class, (context, line) -> line.text() + context.attempt() + context.deadline().get())
                .deadline(Instant.EPOCH)
                .run("test", Map.of("text", "a"));

        assertEquals("a11970-01-01T00:00:00Z", ended.result(String.class));
    }

    @Test
    void whatCannotBeOfferedIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> ActionTest.of("no actions"));
        var options = ActionOptions.NONE;
        assertThrows(IllegalArgumentException.class, () -> Offered.of("std.echo", options, Line.class, (c, i) -> 1));
    }

    @Test
    void aResultThatIsNoJsonFailsTheRun() {
        assertTrue(ActionTest.of(Map.class, (context, input) -> Double.NaN)
                .run()
                .failure()
                .getMessage()
                .contains("no JSON"));
    }
}
