import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
export function createMetrics() {
    const registry = new Registry();
    const registers = [registry];
    collectDefaultMetrics({ register: registry });
    return {
        registry,
        httpRequestDuration: new Histogram({
            name: 'http_server_request_duration_seconds',
            help: 'Duration of HTTP requests.',
            labelNames: ['http_request_method', 'http_route', 'http_response_status_code'],
            buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
            registers,
        }),
        ordersAcknowledged: new Counter({
            name: 'orders_acknowledged_total',
            help: 'Orders that the event log holds durably and whose callers were told so.',
            registers,
        }),
        batchesClosed: new Counter({
            name: 'orders_batches_closed_total',
            help: 'Batches by what closed them.',
            labelNames: ['trigger'],
            registers,
        }),
        batchRecords: new Histogram({
            name: 'orders_batch_records',
            help: 'Records a batch.',
            buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
            registers,
        }),
        processDuration: new Histogram({
            name: 'messaging_process_duration_seconds',
            help: 'Duration of processing and saving a batch.',
            buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
            registers,
        }),
        endToEndAge: new Histogram({
            name: 'orders_end_to_end_age_seconds',
            help: 'Age of a record, from the event log taking it to its effects being saved.',
            buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
            registers,
        }),
        batchRetries: new Counter({
            name: 'orders_batch_retries_total',
            help: 'Batches that were tried again because something they need was not there.',
            labelNames: ['error_type'],
            registers,
        }),
        recordsProcessed: new Counter({
            name: 'orders_records_processed_total',
            help: 'Command records by what became of them.',
            labelNames: ['outcome'],
            registers,
        }),
    };
}
//# sourceMappingURL=metrics.js.map