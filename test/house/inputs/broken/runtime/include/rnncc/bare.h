RNNCC_API int rnncc_unexplained(void);
