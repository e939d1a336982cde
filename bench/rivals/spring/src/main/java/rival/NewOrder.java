package rival;

import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import java.util.List;
import java.util.Map;

/** The body of a new order. Unknown fields are refused by Jackson, see application.properties. */
public record NewOrder(
        @NotNull @Pattern(regexp = IDENTIFIER) String customerId,
        @NotNull @Pattern(regexp = IDENTIFIER) String merchantId,
        @NotNull @Pattern(regexp = "[A-Z]{3}") String currency,
        @NotNull @Size(min = 1, max = 100) List<@NotNull @Valid Item> items,
        @Size(max = 20) Map<@Size(max = 64) String, @NotNull @Size(max = 500) String> metadata) {

    static final String IDENTIFIER = "[A-Za-z0-9._:-]{1,64}";

    public record Item(
            @NotNull @Pattern(regexp = IDENTIFIER) String sku,
            @Size(max = 200) String name,
            @Min(1) @Max(1000) int quantity,
            @Min(0) @Max(1_000_000_000) long unitPrice) {}

    long total() {
        long total = 0;
        for (Item item : items) total += item.quantity() * item.unitPrice();
        return total;
    }
}
