"""scikit-learn for carelabel: estimators from pickle, joblib and skops files."""
