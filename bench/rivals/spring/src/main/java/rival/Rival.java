package rival;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** A small order service: Spring MVC and Spring Kafka. */
@SpringBootApplication
public class Rival {
    public static void main(String[] args) {
        SpringApplication.run(Rival.class, args);
    }
}
