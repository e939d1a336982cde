/** Where a service listens. */
export interface Addresses {
  http: string;
  /** host:port, as gRPC clients expect it; undefined for the role worker */
  grpc?: string;
  /** undefined without ADMIN_PORT */
  admin?: string;
}
