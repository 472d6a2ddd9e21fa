declare const __PACKAGE_VERSION__: string;

/** This package's version; the build puts it in. */
export const producerVersion: string = __PACKAGE_VERSION__;
