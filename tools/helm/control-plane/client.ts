import { readFile } from 'node:fs/promises';
import { request } from 'node:https';

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
  [field: string]: unknown;
}

export interface ClientOptions {
  port: number;
  token: string;
  /** path of the certificate of the server */
  ca: string;
}

/** What the API server answers. */
interface Answer {
  status: number;
  body: { message?: string } & Record<string, unknown>;
  /** warnings of admission, such as those of Pod Security */
  warnings: string[];
}

/** Creates objects on a kube-apiserver of this machine. */
export class KubernetesClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async isReady(): Promise<boolean> {
    return this.#request('GET', '/readyz').then(
      ({ status }) => status === 200,
      () => false,
    );
  }

  /**
   * Creates an object and returns the warnings of admission.
   * @throws Error with the reason if the API server refuses it
   */
  async create(object: KubernetesObject): Promise<string[]> {
    const { status, body, warnings } = await this.#request('POST', pathOf(object), object);
    if (status < 300) return warnings;
    throw new Error(`${object.kind} ${object.metadata.name} was refused: ${body.message ?? status}`);
  }

  async read(path: string): Promise<Record<string, unknown>> {
    return (await this.#request('GET', path)).body;
  }

  async #request(method: string, path: string, object?: KubernetesObject): Promise<Answer> {
    const { port, token, ca } = this.#options;
    const certificate = await readFile(ca);
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const sent = request(
        { host: '127.0.0.1', port, method, path, headers, ca: certificate, timeout: 30_000 },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            const body = (text.startsWith('{') ? JSON.parse(text) : { message: text }) as Answer['body'];
            const { warning } = response.headers;
            const warnings = warning === undefined ? [] : [warning];
            resolve({ status: response.statusCode ?? 0, body, warnings });
          });
        },
      );
      sent.on('timeout', () => sent.destroy(new Error(`${method} ${path} took too long`)));
      sent.on('error', reject);
      sent.end(object === undefined ? undefined : JSON.stringify(object));
    });
  }
}

/** The collection that an object belongs to. */
function pathOf({ apiVersion, kind, metadata: { namespace } }: KubernetesObject): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = namespace === undefined ? '' : `/namespaces/${namespace}`;
  const plural = kind.toLowerCase().replace(/y$/, 'ie');
  return `${root}${scope}/${plural}s`;
}
