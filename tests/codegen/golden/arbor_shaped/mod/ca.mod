: ca: fixedFactorConcentrationModel
: Made from model.toml by neuropil VERSION

NEURON {
    SUFFIX ca
    USEION ca READ ica WRITE cai
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (nA) = (nanoamp)
    (uS) = (microsiemens)
    (S) = (siemens)
    (um) = (micron)
    (mM) = (milli/liter)
}

PARAMETER {
    area (um2)
    restingConc = 0.0001 (mM)
    decayConstant = 80 (ms)
    rho = 2.591069e-18 (mol/nA/ms/um)
    initialConcentration = 0.00005 (mM)
}

STATE {
    cai (mM)
}

INITIAL {
    cai = initialConcentration
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    if (cai < 0) {
        cai = 0
    }
}

DERIVATIVE states {
    cai' = 1e16*(rho*(-(ica*area))/area - (cai - restingConc)/decayConstant/1e16)
}
