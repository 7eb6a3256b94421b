TITLE spike_source: sends a spike whenever it is told to

COMMENT
Made from model.toml by neuropil VERSION
ENDCOMMENT

NEURON {
    THREADSAFE
    ARTIFICIAL_CELL spike_source
}

NET_RECEIVE(weight) {
    net_event(t)
}
