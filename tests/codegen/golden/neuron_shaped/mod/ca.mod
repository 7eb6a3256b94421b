TITLE ca: fixedFactorConcentrationModel

COMMENT
Made from model.toml by neuropil VERSION
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX ca
    USEION ca READ ica WRITE cai, cao
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
    restingConc = 0.0001 (mM)
    decayConstant = 80 (ms)
    rho = 2.591069e-18 (mol/nA/ms/um)
    initialConcentration = 0.00005 (mM)
    initialExtConcentration = 2 (mM)
}

ASSIGNED {
    area (um2)
    ica (mA/cm2)
}

STATE {
    cai (mM)
    cao (mM)
}

INITIAL {
    cai = initialConcentration
    cao = initialExtConcentration
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    if (cai < 0) {
        cai = 0
    }
}

DERIVATIVE states {
    cai' = 1e16*(rho*(-(ica*area))/area - (cai - restingConc)/decayConstant/1e16)
    cao' = 0
}
