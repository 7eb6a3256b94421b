TITLE ca: fixedFactorConcentrationModel

COMMENT
Made from model.toml by neuropil VERSION
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX ca
    USEION ca READ ica WRITE cai, cao
    RANGE conc
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
    cai (mM)
}

STATE {
    conc (mM)
    cao (mM)
}

INITIAL {
    conc = initialConcentration
    cao = initialExtConcentration
    cai = conc
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    if (conc < 0) {
        conc = 0
    }
}

: Gates read the concentration of the step before.
AFTER SOLVE {
    cai = conc
}

DERIVATIVE states {
    conc' = 1e16*(rho*(-(ica*area))/area - (conc - restingConc)/decayConstant/1e16)
    cao' = 0
}
