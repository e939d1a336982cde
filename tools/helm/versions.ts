/** Go programs that check the chart, pinned. Each is built from the Go module proxy, which needs no other download. */
export const TOOLS = {
  helm: 'helm.sh/helm/v4/cmd/helm@v4.3.2',
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0',
  'kube-score': 'github.com/zegl/kube-score/cmd/kube-score@v1.20.0',
} as const;

export type Tool = keyof typeof TOOLS;

/** The versions of Kubernetes that the chart is checked against. The first one is the `kubeVersion` of the chart. */
export const KUBERNETES_VERSIONS = ['v1.33.13', 'v1.34.4', 'v1.35.4', 'v1.36.3', 'v1.37.2'] as const;

/** The version that is started by `--control-plane`, with the modules of its parts. */
export const CONTROL_PLANE = { kubernetes: 'v1.36.3', staging: 'v0.36.3', etcd: 'v3.6.16' } as const;

/** Where the definitions of custom resources come from: a Go module, and files in it. */
export const CUSTOM_RESOURCES = [
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    files: ['servicemonitors', 'podmonitors', 'prometheusrules'].map(
      (name) => `example/prometheus-operator-crd/monitoring.coreos.com_${name}.yaml`,
    ),
  },
  { module: 'github.com/kedacore/keda/v2@v2.21.0', files: ['config/crd/bases/keda.sh_scaledobjects.yaml'] },
  {
    module: 'sigs.k8s.io/gateway-api@v1.6.3',
    files: ['httproutes', 'grpcroutes'].map(
      (name) => `config/crd/standard/gateway.networking.k8s.io_${name}.yaml`,
    ),
  },
] as const;
