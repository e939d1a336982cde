import { docker, inspect, isHealthy, output } from '../support/docker.ts';
import { eventually } from '../../tools/support/eventually.ts';

/** The containers of compose.yaml under a separate project name. COMPOSE_FILE and the like are inherited. */
export class Composition {
  readonly #project: string;
  readonly #environment: Record<string, string>;
  readonly #command: string[];

  private constructor(project: string, environment: Record<string, string>, command: string[]) {
    this.#project = project;
    this.#environment = environment;
    this.#command = command;
  }

  /** Uses `docker compose`, or docker-compose without the plugin. */
  static async create(project: string, environment: Record<string, string>): Promise<Composition> {
    const isPlugin = await docker('compose', 'version').then(
      () => true,
      () => false,
    );
    const command = isPlugin ? ['docker', 'compose'] : ['docker-compose'];
    return new Composition(project, environment, command);
  }

  run(...args: string[]): Promise<string> {
    const [program = '', ...first] = this.#command;
    return output(program, [...first, '--project-name', this.#project, ...args], this.#environment);
  }

  /** Starts these services and what they depend on, or all, and waits until every container is healthy. */
  async up(...services: string[]): Promise<void> {
    await this.run('up', '--build', '--detach', ...services);
    for (const container of await this.containers()) {
      await eventually(() => isHealthy(container), {
        what: `${container} to be healthy`,
        timeoutMs: 180_000,
      });
    }
  }

  /** All names, including stopped ones. */
  async containers(): Promise<string[]> {
    const filter = `label=com.docker.compose.project=${this.#project}`;
    return (await docker('ps', '--all', '--filter', filter, '--format', '{{.Names}}')).split('\n');
  }

  async container(service: string): Promise<string> {
    const filters = ['project', 'service'].flatMap((label) => [
      '--filter',
      `label=com.docker.compose.${label}=${label === 'project' ? this.#project : service}`,
    ]);
    return docker('ps', '--all', ...filters, '--format', '{{.Names}}');
  }

  /** The end of these services' logs. */
  async lastLines(services: string[]): Promise<string> {
    const names = await Promise.all(services.map((service) => this.container(service)));
    const logs = await Promise.all(names.map((name) => output('docker', ['logs', '--tail', '20', name])));
    return names.map((name, index) => `${name}:\n${logs[index] ?? ''}`).join('\n');
  }

  async exitCode(service: string): Promise<string> {
    return inspect(await this.container(service), '{{.State.ExitCode}}');
  }
}
