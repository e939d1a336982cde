// Original file: proto/orders/v1/orders.proto


export interface Heartbeat {
}

export interface Heartbeat__Output {
}
