package rival;

import com.fasterxml.jackson.annotation.JsonUnwrapped;

/** The event in the log. */
public record PlacedOrder(String id, String createdAt, long total, @JsonUnwrapped NewOrder order) {}
