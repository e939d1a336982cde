# One image for every role: `docker build -t order-system .`
# To pin its base by digest: `--build-arg NODE_IMAGE=node@sha256:…`
# The package files are copied first, so librdkafka is compiled again only when dependencies change.

ARG NODE_IMAGE=node:24.19.0-bookworm-slim

FROM ${NODE_IMAGE} AS toolchain
RUN apt-get update \
  && apt-get install -y --no-install-recommends g++ make python3 libssl-dev zlib1g-dev \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./
COPY tools/install/native-modules.mjs ./tools/install/

# Production packages with compiled native modules, stripped to the files that are loaded at run time.
FROM toolchain AS packages
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && npm run postinstall \
  && cd node_modules \
  && mkdir -p /native/node-rdkafka/Release /native/node-rdkafka/deps \
  && cp node-rdkafka/build/Release/node-librdkafka.node /native/node-rdkafka/Release/ \
  && cp -L node-rdkafka/build/deps/librdkafka.so.1 node-rdkafka/build/deps/librdkafka++.so.1 /native/node-rdkafka/deps/ \
  && find /native -type f -exec strip --strip-unneeded {} + \
  && cd node-rdkafka && rm -rf build bench ci cpplint.py deploy.enc deps e2e examples src test util && cd .. \
  && mv /native/node-rdkafka node-rdkafka/build \
  && rm -rf better-sqlite3-13/deps better-sqlite3-13/src \
  && find better-sqlite3-13/prebuilds -type f ! -name "linux-$(node -p process.arch).node" -delete \
  && find . -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

# Compiles the TypeScript. That needs only the packages' types, so native modules are not built here.
FROM toolchain AS build
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build

FROM ${NODE_IMAGE}
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates libssl3 tini zlib1g \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin \
  && mkdir --mode=0700 /data && chown node:node /data
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/package.json /app/README.md /app/LICENSE ./
COPY --from=build /app/deploy/image/health.mjs ./deploy/image/
COPY --from=build /app/proto ./proto
COPY --from=build /app/dist/src ./dist/src

# Only DATA_DIR is written to, so the root file system can be read-only. The service does not start before AUTH_ISSUER,
# AUTH_API_KEYS or ALLOW_ANONYMOUS says who may call it: other containers reach this address.
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
USER node
VOLUME /data
EXPOSE 3000 50051
STOPSIGNAL SIGTERM
# Liveness, not readiness: restarting the container does not fix an unavailable broker or database.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "deploy/image/health.mjs", "/livez"]
ENTRYPOINT ["tini", "--", "node", "dist/src/main.js"]
CMD ["serve"]

ARG VERSION=1.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="order-system" \
  org.opencontainers.image.description="Order service that never loses an accepted order: HTTP and gRPC, a durable event log, worker threads, batched writes, live status." \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="$VERSION" \
  org.opencontainers.image.revision="$REVISION"
