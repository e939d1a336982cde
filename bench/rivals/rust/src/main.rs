//! A small order service: axum and rdkafka (librdkafka).

mod order;

use std::{env, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use order::NewOrder;
use rdkafka::{
    ClientConfig,
    producer::{FutureProducer, FutureRecord},
};
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::signal::unix::{SignalKind, signal};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct OrderLog {
    producer: FutureProducer,
    topic: String,
}

/// The event in the log.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlacedOrder<'a> {
    id: &'a str,
    created_at: &'a str,
    total: u64,
    #[serde(flatten)]
    order: &'a NewOrder,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AcceptedOrder {
    id: String,
    status: &'static str,
    total: u64,
    currency: String,
    created_at: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let producer = ClientConfig::new()
        .set("bootstrap.servers", env::var("KAFKA_BROKERS")?)
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("message.timeout.ms", "5000")
        .set("linger.ms", "5")
        .create()?;
    let log = OrderLog {
        producer,
        topic: env::var("TOPIC")?,
    };
    let routes = Router::new()
        .route("/v1/orders", post(place_order))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .with_state(Arc::new(log));
    let listener =
        tokio::net::TcpListener::bind(format!("127.0.0.1:{}", env::var("PORT")?)).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stopped = async move {
        terminate.recv().await;
    };
    axum::serve(listener, routes)
        .with_graceful_shutdown(stopped)
        .await?;
    Ok(())
}

/// Answers 202 when every in-sync replica has the order.
async fn place_order(State(log): State<Arc<OrderLog>>, Json(order): Json<NewOrder>) -> Response {
    let total = match order.check() {
        Ok(total) => total,
        Err(wrong) => return (StatusCode::BAD_REQUEST, wrong).into_response(),
    };
    let id = Uuid::now_v7().to_string();
    let Ok(created_at) = OffsetDateTime::now_utc().format(&Rfc3339) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let placed = PlacedOrder {
        id: &id,
        created_at: &created_at,
        total,
        order: &order,
    };
    let Ok(value) = serde_json::to_vec(&placed) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let record = FutureRecord::to(&log.topic).key(&id).payload(&value);
    // A full queue is refused at once.
    if log.producer.send(record, Duration::ZERO).await.is_err() {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "the order log does not answer",
        )
            .into_response();
    }
    let location = format!("/v1/orders/{id}");
    let accepted = AcceptedOrder {
        id,
        status: "accepted",
        total,
        currency: order.currency,
        created_at,
    };
    (
        StatusCode::ACCEPTED,
        [(header::LOCATION, location)],
        Json(accepted),
    )
        .into_response()
}
