package rival;

import jakarta.validation.Valid;
import java.net.URI;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.ObjectMapper;

@RestController
public class Orders {
    private final KafkaTemplate<String, byte[]> kafka;
    private final ObjectMapper json;
    private final String topic;

    Orders(KafkaTemplate<String, byte[]> kafka, ObjectMapper json, @Value("${TOPIC}") String topic) {
        this.kafka = kafka;
        this.json = json;
        this.topic = topic;
    }

    public record AcceptedOrder(String id, String status, long total, String currency, String createdAt) {}

    /** Answers 202 when every in-sync replica has the order. No thread waits for that. */
    @PostMapping("/v1/orders")
    CompletableFuture<ResponseEntity<AcceptedOrder>> place(@Valid @RequestBody NewOrder order) {
        String id = UUID.randomUUID().toString();
        String createdAt = Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
        byte[] value = json.writeValueAsBytes(new PlacedOrder(id, createdAt, order.total(), order));
        var accepted = new AcceptedOrder(id, "accepted", order.total(), order.currency(), createdAt);
        CompletableFuture<ResponseEntity<AcceptedOrder>> failed = CompletableFuture.completedFuture(
                ResponseEntity.status(HttpStatus.SERVICE_UNAVAILABLE).build());
        try {
            return kafka.send(topic, id, value)
                    .thenApply(sent -> ResponseEntity.accepted()
                            .location(URI.create("/v1/orders/" + id))
                            .body(accepted))
                    .exceptionallyCompose(error -> failed);
        } catch (org.springframework.kafka.KafkaException error) {
            return failed;
        }
    }
}
