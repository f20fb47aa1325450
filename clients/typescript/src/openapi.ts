// Generated from the OpenAPI page by generate.mjs (make client-types); not to be edited.
// Page: sha256 75dd14a6d20b1f2e19a4c2250bacf6315f8dd3e7b05893af7aa72d0ed339a923

export interface paths {
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Alive
         * @description Succeeds while the process is alive.
         */
        get: operations["livez_livez_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics for Prometheus
         * @description The service's metrics in Prometheus' text format.
         */
        get: operations["prometheus_metrics_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ready
         * @description Whether requests should be sent here: every configured model is verified, and the service is not stopping.
         */
        get: operations["readyz_readyz_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/images/generations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Images by OpenAI's API
         * @description Generate images. The prompt selects a class by its name if the model has classes; else it has no effect.
         */
        post: operations["generations_v1_images_generations_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The served models
         * @description One card per served version, and every package that was skipped, with the reason.
         */
        get: operations["list_models_v1_models_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One model, with its manifest
         * @description One model's card and its whole manifest.
         */
        get: operations["show_model_v1_models__model__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/arithmetic": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sums and differences of latents
         * @description Add and subtract means of latents and named directions; `variations` adds images from around the result.
         */
        post: operations["arithmetic_v1_models__model__arithmetic_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/discriminate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * How real an image is
         * @description The discriminator's logit, or the critic's score, of an image of any size.
         */
        post: operations["discriminate_v1_models__model__discriminate_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/encode": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The latent of an image
         * @description A latent that generates an image like this one; send its token to sample, interpolate or arithmetic.
         */
        post: operations["encode_v1_models__model__encode_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/interpolate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Interpolation between latents
         * @description Interpolate from latent to latent. PNG and JPEG give a strip; GIF, APNG and WebP animate.
         *
         *     `Accept: text/event-stream` sends each frame as soon as it is generated, as an event `frame` with `index`, `of`,
         *     `content_type` and base64 `data`, and finally `done`, or `error` with a problem document.
         *     `multipart/x-mixed-replace` sends the frames as they are, each in place of the one before.
         */
        post: operations["interpolate_v1_models__model__interpolate_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A model's preview image
         * @description The package's preview image.
         */
        get: operations["preview_v1_models__model__preview_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/sample": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Images of seeds, as a link
         * @description Generate the images of the seeds seed ... seed+n-1, as a link that caches store. Without a seed: fresh ones.
         */
        get: operations["sample_by_seed_v1_models__model__sample_get"];
        put?: never;
        /**
         * Images of seeds or latents
         * @description Generate images: `n` fresh ones, or those of `seeds`, or of `latents`.
         */
        post: operations["sample_v1_models__model__sample_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/translate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Images of one domain translated into another
         * @description Translate images of any size; each keeps its size. `cycle` reports how well the inverse model restores them.
         */
        post: operations["translate_v1_models__model__translate_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reproduce": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A file of this service, generated again
         * @description Read a file's metadata, not its pixels, and generate the same pixels again; by default in the file's format.
         */
        post: operations["reproduce_v1_reproduce_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What this server is
         * @description Name, version and extensions.
         */
        get: operations["server_v2_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Alive (v2)
         * @description Succeeds while the process is alive.
         */
        get: operations["live_v2_health_live_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ready (v2)
         * @description As `/readyz`.
         */
        get: operations["ready_v2_health_ready_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/models/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A model's tensors
         * @description Inputs and output of the newest version.
         */
        get: operations["newest_metadata_v2_models__model__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/models/{model}/infer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rows through a model's network
         * @description Run rows through the newest version's generator.
         */
        post: operations["newest_infer_v2_models__model__infer_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/models/{model}/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether a model is served
         * @description Whether a version of it accepts requests.
         */
        get: operations["newest_ready_v2_models__model__ready_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/models/{model}/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A version's tensors
         * @description Inputs and output of one version.
         */
        get: operations["metadata_v2_models__model__versions__version__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/models/{model}/versions/{version}/infer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rows through a version's network
         * @description Run rows through one version's generator.
         */
        post: operations["infer_v2_models__model__versions__version__infer_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/models/{model}/versions/{version}/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether a version is served
         * @description Whether this version accepts requests.
         */
        get: operations["version_ready_v2_models__model__versions__version__ready_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/repository/index": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Every version (v2)
         * @description Every version that is served, and every one that is skipped, with the reason. A body is ignored.
         */
        post: operations["index_v2_repository_index_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * ArithmeticRequest
         * @description DCGAN's arithmetic: the sum of the terms and the directions, and variations around it.
         * @example {
         *       "terms": [
         *         {
         *           "latents": [
         *             {
         *               "seed": 1
         *             },
         *             {
         *               "seed": 2
         *             },
         *             {
         *               "seed": 3
         *             }
         *           ],
         *           "weight": 1
         *         },
         *         {
         *           "latents": [
         *             {
         *               "seed": 4
         *             }
         *           ],
         *           "weight": -1
         *         },
         *         {
         *           "latents": [
         *             {
         *               "seed": 5
         *             }
         *           ],
         *           "weight": 1
         *         }
         *       ],
         *       "variations": 8
         *     }
         */
        ArithmeticRequest: {
            /**
             * Class
             * @default null
             */
            class?: (number | string | {
                [key: string]: number;
            }) | null;
            /**
             * Columns
             * @description Columns of the grid, at most the number of images; default: about square.
             * @default null
             */
            columns?: number | null;
            /** Directions */
            directions?: components["schemas"]["DirectionTerm"][];
            /**
             * Jitter
             * @default 0.25
             */
            jitter?: number;
            /**
             * Seed
             * @default null
             */
            seed?: number | null;
            /** Terms */
            terms: components["schemas"]["Term"][];
            /**
             * Variations
             * @default 0
             */
            variations?: number;
        };
        /**
         * Card
         * @description A served version of a model.
         */
        Card: {
            /** Classes */
            classes: string[] | null;
            /** Data Terms */
            data_terms: string;
            /** Description */
            description: string;
            /** Digest */
            digest: string;
            /** Directions */
            directions: string[];
            /** Engine */
            engine: string;
            image: components["schemas"]["ImageSize"];
            latent: components["schemas"]["LatentSpace"] | null;
            /** Licence */
            licence: string;
            /** Method */
            method: string;
            /** Metrics */
            metrics: {
                [key: string]: components["schemas"]["JsonValue"];
            }[];
            /** Name */
            name: string;
            /** Networks */
            networks: string[];
            /** Precision */
            precision: string;
            /** Task */
            task: string;
            /** Version */
            version: number;
        };
        /**
         * DirectionTerm
         * @description A weight times a direction that the package names.
         */
        DirectionTerm: {
            /** Name */
            name: string;
            /**
             * Weight
             * @default 1
             */
            weight?: number;
        };
        /**
         * Discrimination
         * @description The discriminator's logit or the critic's score of an image.
         * @example {
         *       "model": "mnist-gan@1",
         *       "probability": 0.777,
         *       "score": 1.25
         *     }
         */
        Discrimination: {
            /** Model */
            model: string;
            /**
             * Probability
             * @description Of being real: the logit's sigmoid; null for a critic.
             */
            probability: number | null;
            /**
             * Score
             * @description The raw logit or critic value.
             */
            score: number;
        };
        /**
         * EncodedLatent
         * @description A latent that every generating call takes.
         */
        EncodedLatent: {
            /** Token */
            token: string;
        };
        /**
         * Encoding
         * @description The latent that an encoder computes for an image.
         * @example {
         *       "latent": {
         *         "token": "AACAPwAAAMA"
         *       },
         *       "model": "celeba-dcgan@1"
         *     }
         */
        Encoding: {
            latent: components["schemas"]["EncodedLatent"];
            /** Model */
            model: string;
        };
        /**
         * GeneratedImage
         * @description One image: its bytes or a link to them.
         */
        GeneratedImage: {
            /** B64 Json */
            b64_json?: string | null;
            /**
             * Revised Prompt
             * @description The class that was generated, or `prompt unused`.
             */
            revised_prompt: string;
            /** Seed */
            seed: number;
            /** Url */
            url?: string | null;
        };
        /**
         * Generation
         * @description The images, and warnings about ignored fields.
         * @example {
         *       "created": 1760000000,
         *       "data": [
         *         {
         *           "b64_json": "iVBORw0KGgo=",
         *           "revised_prompt": "prompt unused",
         *           "seed": 42
         *         }
         *       ],
         *       "output_format": "png",
         *       "size": "28x28",
         *       "warnings": [
         *         "quality is ignored"
         *       ]
         *     }
         */
        Generation: {
            /** Created */
            created: number;
            /** Data */
            data: components["schemas"]["GeneratedImage"][];
            /** Output Format */
            output_format: string;
            /** Size */
            size: string;
            /** Warnings */
            warnings: string[];
        };
        /**
         * GenerationRequest
         * @description What to generate. Fields below `seed` belong to OpenAI's API but have no effect here: `warnings` names them.
         * @example {
         *       "model": "mnist-gan",
         *       "n": 2,
         *       "prompt": "a digit",
         *       "seed": 42
         *     }
         */
        GenerationRequest: {
            /** @default null */
            background?: components["schemas"]["JsonValue"];
            /** @default null */
            complexity?: components["schemas"]["JsonValue"];
            /** @default null */
            frame_count?: components["schemas"]["JsonValue"];
            /** @default null */
            frame_duration_ms?: components["schemas"]["JsonValue"];
            /**
             * Model
             * @description Required if several models are served.
             * @default null
             */
            model?: string | null;
            /** @default null */
            moderation?: components["schemas"]["JsonValue"];
            /**
             * N
             * @default null
             */
            n?: number | null;
            /** @default null */
            output_compression?: components["schemas"]["JsonValue"];
            /**
             * Output Format
             * @default null
             */
            output_format?: ("png" | "jpeg" | "webp") | null;
            /** @default null */
            partial_images?: components["schemas"]["JsonValue"];
            /**
             * Prompt
             * @description Picks a class of a conditional model by its name.
             * @default null
             */
            prompt?: string | null;
            /** @default null */
            quality?: components["schemas"]["JsonValue"];
            /**
             * Response Format
             * @default null
             */
            response_format?: ("b64_json" | "url") | null;
            /** @default null */
            safety_identifier?: components["schemas"]["JsonValue"];
            /**
             * Seed
             * @description Not OpenAI's: the first image's seed.
             * @default null
             */
            seed?: number | null;
            /**
             * Size
             * @description `auto` is the model's own.
             * @default null
             */
            size?: string | null;
            /** @default null */
            stream?: components["schemas"]["JsonValue"];
            /** @default null */
            style?: components["schemas"]["JsonValue"];
            /** @default null */
            svg?: components["schemas"]["JsonValue"];
            /** @default null */
            user?: components["schemas"]["JsonValue"];
        };
        /**
         * Health
         * @description The service's state.
         */
        Health: {
            /**
             * Status
             * @enum {string}
             */
            status: "alive" | "ready";
        };
        /**
         * ImageSize
         * @description Size of a model's images.
         */
        ImageSize: {
            /** Channels */
            channels: number;
            /** Height */
            height: number;
            /** Width */
            width: number;
        };
        /**
         * Images
         * @description Images as JSON, each a file of its own, with its latent.
         * @example {
         *       "images": [
         *         {
         *           "class": null,
         *           "content_type": "image/png",
         *           "data": "iVBORw0KGgo=",
         *           "latent": {
         *             "token": "AACAPwAAAMA"
         *           },
         *           "seed": 42
         *         }
         *       ],
         *       "model": "mnist-gan@1"
         *     }
         */
        Images: {
            /** Images */
            images: components["schemas"]["ResponseImage"][];
            /** Model */
            model: string;
        };
        /**
         * IndexEntry
         * @description One version in the models folder.
         */
        IndexEntry: {
            /** Name */
            name: string;
            /** Reason */
            reason: string;
            /** State */
            state: string;
            /** Version */
            version: string;
        };
        /**
         * InferAnswer
         * @description The JSON of an infer response.
         * @example {
         *       "model_name": "mnist-gan",
         *       "model_version": "1",
         *       "outputs": [
         *         {
         *           "data": [
         *             -1,
         *             0.5
         *           ],
         *           "datatype": "FP32",
         *           "name": "images",
         *           "shape": [
         *             1,
         *             1,
         *             1,
         *             2
         *           ]
         *         }
         *       ]
         *     }
         */
        InferAnswer: {
            /**
             * Id
             * @default null
             */
            id?: string | null;
            /** Model Name */
            model_name: string;
            /** Model Version */
            model_version: string;
            /** Outputs */
            outputs: components["schemas"]["OutputTensor"][];
        };
        /**
         * InferParameters
         * @description `binary_data_output` is the default of every output's `binary_data`.
         */
        InferParameters: {
            /**
             * Binary Data Output
             * @default false
             */
            binary_data_output?: boolean;
        };
        /**
         * InferRequest
         * @description Rows for a model's main network.
         * @example {
         *       "inputs": [
         *         {
         *           "data": [
         *             0.5,
         *             -1.5
         *           ],
         *           "datatype": "FP32",
         *           "name": "latents",
         *           "shape": [
         *             1,
         *             2
         *           ]
         *         }
         *       ]
         *     }
         */
        InferRequest: {
            /**
             * Id
             * @default null
             */
            id?: string | null;
            /** Inputs */
            inputs: components["schemas"]["InputTensor"][];
            /**
             * Outputs
             * @default null
             */
            outputs?: components["schemas"]["RequestedOutput"][] | null;
            /**
             * @default {
             *       "binary_data_output": false
             *     }
             */
            parameters?: components["schemas"]["InferParameters"];
        };
        /**
         * InputTensor
         * @description One input: in JSON as `data`, flat or nested, or behind the JSON as little-endian bytes.
         */
        InputTensor: {
            /**
             * Data
             * @default null
             */
            data?: components["schemas"]["JsonValue"][] | null;
            /** Datatype */
            datatype: string;
            /** Name */
            name: string;
            /**
             * @default {
             *       "binary_data": null,
             *       "binary_data_size": null
             *     }
             */
            parameters?: components["schemas"]["TensorParameters"];
            /** Shape */
            shape: number[];
        };
        /**
         * InterpolateRequest
         * @description An interpolation from latent to latent: `from` and `to`, or `keyframes`.
         * @example {
         *       "fps": 12,
         *       "from": {
         *         "seed": 1
         *       },
         *       "steps": 8,
         *       "to": {
         *         "seed": 2
         *       }
         *     }
         */
        InterpolateRequest: {
            /**
             * Class
             * @default null
             */
            class?: (number | string | {
                [key: string]: number;
            }) | null;
            /**
             * Columns
             * @description Columns of the grid, at most the number of images; default: about square.
             * @default null
             */
            columns?: number | null;
            /**
             * Fps
             * @default 12
             */
            fps?: number;
            /**
             * From
             * @default null
             */
            from?: (components["schemas"]["SeedLatent"] | components["schemas"]["VectorLatent"] | components["schemas"]["TokenLatent"] | components["schemas"]["MeanLatent"]) | null;
            /**
             * Keyframes
             * @default null
             */
            keyframes?: (components["schemas"]["SeedLatent"] | components["schemas"]["VectorLatent"] | components["schemas"]["TokenLatent"] | components["schemas"]["MeanLatent"])[] | null;
            /**
             * Loop
             * @description Adds the way back to the first keyframe, and repeats.
             * @default false
             */
            loop?: boolean;
            /**
             * Method
             * @default slerp
             * @enum {string}
             */
            method?: "slerp" | "lerp";
            /**
             * Steps
             * @description Frames of one segment, both ends included.
             * @default 8
             */
            steps?: number;
            /**
             * To
             * @default null
             */
            to?: (components["schemas"]["SeedLatent"] | components["schemas"]["VectorLatent"] | components["schemas"]["TokenLatent"] | components["schemas"]["MeanLatent"]) | null;
        };
        JsonValue: unknown;
        /**
         * LatentSpace
         * @description The distribution of a generator's latents.
         */
        LatentSpace: {
            /** Dim */
            dim: number;
            /** Distribution */
            distribution: string;
        };
        /**
         * Liveness
         * @description Whether it is alive.
         */
        Liveness: {
            /** Live */
            live: boolean;
        };
        /**
         * ManifestCard
         * @description One model with its whole manifest; a translator's card has the translator's fields too.
         * @example {
         *       "data_terms": "CC BY-SA 3.0",
         *       "description": "Digits, as of MNIST.",
         *       "digest": "0000000000000000000000000000000000000000000000000000000000000000",
         *       "directions": [],
         *       "engine": "onnxruntime-cpu",
         *       "image": {
         *         "channels": 1,
         *         "height": 28,
         *         "width": 28
         *       },
         *       "latent": {
         *         "dim": 100,
         *         "distribution": "normal"
         *       },
         *       "licence": "Apache-2.0",
         *       "manifest": {
         *         "schema_version": 1
         *       },
         *       "method": "gan",
         *       "metrics": [
         *         {
         *           "name": "coverage",
         *           "protocol": "of 10,000 samples",
         *           "value": 0.86
         *         }
         *       ],
         *       "name": "mnist-gan",
         *       "networks": [
         *         "generator",
         *         "discriminator"
         *       ],
         *       "precision": "float32",
         *       "task": "generate",
         *       "version": 1
         *     }
         */
        ManifestCard: {
            /** Classes */
            classes: string[] | null;
            /** Data Terms */
            data_terms: string;
            /** Description */
            description: string;
            /** Digest */
            digest: string;
            /** Directions */
            directions: string[];
            /** Engine */
            engine: string;
            image: components["schemas"]["ImageSize"];
            latent: components["schemas"]["LatentSpace"] | null;
            /** Licence */
            licence: string;
            /** Manifest */
            manifest: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            /** Method */
            method: string;
            /** Metrics */
            metrics: {
                [key: string]: components["schemas"]["JsonValue"];
            }[];
            /** Name */
            name: string;
            /** Networks */
            networks: string[];
            /** Precision */
            precision: string;
            /** Task */
            task: string;
            /** Version */
            version: number;
        } & {
            [key: string]: unknown;
        };
        /**
         * MeanLatent
         * @description The mean of latents.
         */
        MeanLatent: {
            /**
             * Class
             * @default null
             */
            class?: (number | string | {
                [key: string]: number;
            }) | null;
            /** Mean */
            mean: (components["schemas"]["SeedLatent"] | components["schemas"]["VectorLatent"] | components["schemas"]["TokenLatent"] | components["schemas"]["MeanLatent"])[];
        };
        /**
         * ModelList
         * @description Every served version, and every package that was skipped.
         * @example {
         *       "models": [
         *         {
         *           "data_terms": "CC BY-SA 3.0",
         *           "description": "Digits, as of MNIST.",
         *           "digest": "0000000000000000000000000000000000000000000000000000000000000000",
         *           "directions": [],
         *           "engine": "onnxruntime-cpu",
         *           "image": {
         *             "channels": 1,
         *             "height": 28,
         *             "width": 28
         *           },
         *           "latent": {
         *             "dim": 100,
         *             "distribution": "normal"
         *           },
         *           "licence": "Apache-2.0",
         *           "method": "gan",
         *           "metrics": [
         *             {
         *               "name": "coverage",
         *               "protocol": "of 10,000 samples",
         *               "value": 0.86
         *             }
         *           ],
         *           "name": "mnist-gan",
         *           "networks": [
         *             "generator",
         *             "discriminator"
         *           ],
         *           "precision": "float32",
         *           "task": "generate",
         *           "version": 1
         *         }
         *       ],
         *       "skipped": [
         *         {
         *           "name": "mnist-gan",
         *           "reason": "generator.onnx cannot be read",
         *           "version": "2"
         *         }
         *       ]
         *     }
         */
        ModelList: {
            /** Models */
            models: (components["schemas"]["Card"] | components["schemas"]["TranslatorCard"])[];
            /** Skipped */
            skipped: components["schemas"]["SkippedPackage"][];
        };
        /**
         * ModelMetadata
         * @description A model's main network.
         */
        ModelMetadata: {
            /** Inputs */
            inputs: components["schemas"]["TensorMetadata"][];
            /** Name */
            name: string;
            /** Outputs */
            outputs: components["schemas"]["TensorMetadata"][];
            /** Platform */
            platform: string;
            /** Versions */
            versions: string[];
        };
        /**
         * OpenAIError
         * @description An error in OpenAI's form.
         */
        OpenAIError: {
            error: components["schemas"]["OpenAIProblem"];
        };
        /**
         * OpenAIProblem
         * @description The details of an error, in OpenAI's form.
         */
        OpenAIProblem: {
            /** Code */
            code: string | null;
            /** Message */
            message: string;
            /** Param */
            param: string | null;
            /** Type */
            type: string;
        };
        /**
         * OutputTensor
         * @description The network's output: flat as `data`, or behind the JSON, `binary_data_size` bytes long.
         */
        OutputTensor: {
            /**
             * Data
             * @default null
             */
            data?: number[] | null;
            /** Datatype */
            datatype: string;
            /** Name */
            name: string;
            /**
             * Parameters
             * @default null
             */
            parameters?: {
                [key: string]: number;
            } | null;
            /** Shape */
            shape: number[];
        };
        /**
         * Problem
         * @description RFC 9457.
         */
        Problem: {
            /** Detail */
            detail: string;
            /**
             * Errors
             * @default null
             */
            errors?: {
                [key: string]: string;
            }[] | null;
            /** Instance */
            instance: string;
            /** Status */
            status: number;
            /** Title */
            title: string;
            /** Type */
            type: string;
        };
        /**
         * ProtocolError
         * @description An error in this protocol's form.
         */
        ProtocolError: {
            /** Error */
            error: string;
        };
        /**
         * Readiness
         * @description Whether it accepts requests.
         */
        Readiness: {
            /** Ready */
            ready: boolean;
        };
        /**
         * RequestedOutput
         * @description One output that is wanted.
         */
        RequestedOutput: {
            /** Name */
            name: string;
            /**
             * @default {
             *       "binary_data": null,
             *       "binary_data_size": null
             *     }
             */
            parameters?: components["schemas"]["TensorParameters"];
        };
        /**
         * ResponseImage
         * @description One image of a JSON response.
         */
        ResponseImage: {
            /**
             * Class
             * @description A name, or names with their weights.
             */
            class: string | {
                [key: string]: number;
            } | null;
            /**
             * Content Type
             * @description Always image/png.
             */
            content_type: string;
            /**
             * Data
             * @description The file's bytes in base64.
             */
            data: string;
            /**
             * Latent
             * @description Sent back unchanged, as a latent, it generates the same image; null for a translation.
             */
            latent: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            /**
             * Seed
             * @description The seed of its latent, if a seed was given.
             */
            seed: number | null;
        };
        /**
         * SampleRequest
         * @description What to sample: `n` fresh images, or those of `seeds`, or of `latents`; one image if nothing is given.
         * @example {
         *       "n": 16
         *     }
         * @example {
         *       "columns": 2,
         *       "seeds": [
         *         42,
         *         43
         *       ]
         *     }
         */
        SampleRequest: {
            /**
             * Class
             * @default null
             */
            class?: (number | string | {
                [key: string]: number;
            }) | null;
            /**
             * Columns
             * @description Columns of the grid, at most the number of images; default: about square.
             * @default null
             */
            columns?: number | null;
            /**
             * Latents
             * @default null
             */
            latents?: (components["schemas"]["SeedLatent"] | components["schemas"]["VectorLatent"] | components["schemas"]["TokenLatent"] | components["schemas"]["MeanLatent"])[] | null;
            /**
             * N
             * @description Number of fresh random seeds.
             * @default null
             */
            n?: number | null;
            /**
             * Seeds
             * @default null
             */
            seeds?: number[] | null;
            /**
             * Truncation
             * @description Multiplies the latents of seeds: less variety, more typical images.
             * @default 1
             */
            truncation?: number;
        };
        /**
         * SeedLatent
         * @description The latent of a seed.
         */
        SeedLatent: {
            /**
             * Class
             * @default null
             */
            class?: (number | string | {
                [key: string]: number;
            }) | null;
            /**
             * Seed
             * @example 42
             */
            seed: number;
        };
        /**
         * ServerMetadata
         * @description What this server is.
         */
        ServerMetadata: {
            /** Extensions */
            extensions: string[];
            /** Name */
            name: string;
            /** Version */
            version: string;
        };
        /**
         * SkippedPackage
         * @description A package that is not served, and why.
         */
        SkippedPackage: {
            /** Name */
            name: string;
            /** Reason */
            reason: string;
            /** Version */
            version: string;
        };
        /**
         * TensorMetadata
         * @description A tensor: -1 is any size.
         */
        TensorMetadata: {
            /** Datatype */
            datatype: string;
            /** Name */
            name: string;
            /** Shape */
            shape: number[];
        };
        /**
         * TensorParameters
         * @description Of the binary extension.
         *
         *     Attributes:
         *         binary_data_size: bytes of this input behind the JSON.
         *         binary_data: whether this output is to be binary.
         */
        TensorParameters: {
            /**
             * Binary Data
             * @default null
             */
            binary_data?: boolean | null;
            /**
             * Binary Data Size
             * @default null
             */
            binary_data_size?: number | null;
        };
        /**
         * Term
         * @description A weight times the mean of latents.
         */
        Term: {
            /** Latents */
            latents: (components["schemas"]["SeedLatent"] | components["schemas"]["VectorLatent"] | components["schemas"]["TokenLatent"] | components["schemas"]["MeanLatent"])[];
            /**
             * Weight
             * @default 1
             */
            weight?: number;
        };
        /**
         * TokenLatent
         * @description A latent as this service encodes it: base64url of little-endian float32.
         */
        TokenLatent: {
            /**
             * Class
             * @default null
             */
            class?: (number | string | {
                [key: string]: number;
            }) | null;
            /** Token */
            token: string;
        };
        /**
         * TranslatorCard
         * @description A served version of a translator.
         */
        TranslatorCard: {
            /** Classes */
            classes: string[] | null;
            /** Data Terms */
            data_terms: string;
            /** Description */
            description: string;
            /** Digest */
            digest: string;
            /** Directions */
            directions: string[];
            /** Engine */
            engine: string;
            image: components["schemas"]["ImageSize"];
            /** Inverse */
            inverse: string | null;
            latent: components["schemas"]["LatentSpace"] | null;
            /** Licence */
            licence: string;
            /** Method */
            method: string;
            /** Metrics */
            metrics: {
                [key: string]: components["schemas"]["JsonValue"];
            }[];
            /** Multiple */
            multiple: number;
            /** Name */
            name: string;
            /** Networks */
            networks: string[];
            /** Precision */
            precision: string;
            /** Source */
            source: string;
            /** Target */
            target: string;
            /** Task */
            task: string;
            /** Version */
            version: number;
        };
        /**
         * VectorLatent
         * @description A latent written out: z_dim finite numbers.
         */
        VectorLatent: {
            /**
             * Class
             * @default null
             */
            class?: (number | string | {
                [key: string]: number;
            }) | null;
            /** Vector */
            vector: number[];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    livez_livez_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    prometheus_metrics_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readyz_readyz_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not ready */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    generations_v1_images_generations_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GenerationRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Milliseconds of each phase. */
                    "Server-Timing"?: string;
                    /** @description name@version */
                    "X-Model"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Generation"];
                };
            };
            /** @description Malformed request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAIError"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAIError"];
                };
            };
            /** @description Model not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAIError"];
                };
            };
            /** @description The model cannot do that */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAIError"];
                };
            };
            /** @description Too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAIError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAIError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAIError"];
                };
            };
            /** @description Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAIError"];
                };
            };
            /** @description Queue full */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAIError"];
                };
            };
            /** @description Deadline exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAIError"];
                };
            };
        };
    };
    list_models_v1_models_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelList"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    show_model_v1_models__model__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `name` for its newest version, or `name@version`. */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ManifestCard"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Model not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not ready */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    arithmetic_v1_models__model__arithmetic_post: {
        parameters: {
            query?: {
                /** @description Format of the response; outranks the `Accept` header. A call's responses list its formats. */
                format?: ("png" | "jpeg" | "webp" | "gif" | "apng" | "zip" | "json" | "npy") | null;
            };
            header?: never;
            path: {
                /** @description `name` for its newest version, or `name@version`. */
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ArithmeticRequest"];
            };
        };
        responses: {
            /** @description The images. */
            200: {
                headers: {
                    /** @description Milliseconds of each phase. */
                    "Server-Timing"?: string;
                    /** @description name@version */
                    "X-Model"?: string;
                    /** @description The seeds used, comma-separated, if seeds were used. */
                    "X-Seed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Images"];
                    "application/x-npy": string;
                    "application/zip": string;
                    "image/jpeg": string;
                    "image/png": string;
                    "image/webp": string;
                };
            };
            /** @description Malformed request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Model not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not acceptable */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The model cannot do that */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Queue full */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Deadline exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    discriminate_v1_models__model__discriminate_post: {
        parameters: {
            query?: {
                /** @description A class's name or index, for a model with classes. */
                class?: string | null;
            };
            header?: never;
            path: {
                /** @description `name` for its newest version, or `name@version`. */
                model: string;
            };
            cookie?: never;
        };
        /** @description A PNG, JPEG or WebP image, raw or as the multipart field `image`. */
        requestBody: {
            content: {
                "image/jpeg": string;
                "image/png": string;
                "image/webp": string;
                "multipart/form-data": {
                    /** Format: binary */
                    image: string;
                };
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Milliseconds of each phase. */
                    "Server-Timing"?: string;
                    /** @description name@version */
                    "X-Model"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Discrimination"];
                };
            };
            /** @description Malformed request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Model not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The model cannot do that */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not an image that we read */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Queue full */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Deadline exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    encode_v1_models__model__encode_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `name` for its newest version, or `name@version`. */
                model: string;
            };
            cookie?: never;
        };
        /** @description A PNG, JPEG or WebP image, raw or as the multipart field `image`. */
        requestBody: {
            content: {
                "image/jpeg": string;
                "image/png": string;
                "image/webp": string;
                "multipart/form-data": {
                    /** Format: binary */
                    image: string;
                };
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Milliseconds of each phase. */
                    "Server-Timing"?: string;
                    /** @description name@version */
                    "X-Model"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Encoding"];
                };
            };
            /** @description Malformed request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Model not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The model cannot do that */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not an image that we read */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Queue full */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Deadline exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    interpolate_v1_models__model__interpolate_post: {
        parameters: {
            query?: {
                /** @description Format of the response; outranks the `Accept` header. A call's responses list its formats. */
                format?: ("png" | "jpeg" | "webp" | "gif" | "apng" | "zip" | "json" | "npy") | null;
            };
            header?: never;
            path: {
                /** @description `name` for its newest version, or `name@version`. */
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InterpolateRequest"];
            };
        };
        responses: {
            /** @description The images. */
            200: {
                headers: {
                    /** @description Milliseconds of each phase. */
                    "Server-Timing"?: string;
                    /** @description name@version */
                    "X-Model"?: string;
                    /** @description The seeds used, comma-separated, if seeds were used. */
                    "X-Seed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Images"];
                    "application/x-npy": string;
                    "application/zip": string;
                    "image/apng": string;
                    "image/gif": string;
                    "image/jpeg": string;
                    "image/png": string;
                    "image/webp": string;
                    "multipart/x-mixed-replace": string;
                    "text/event-stream": string;
                };
            };
            /** @description Malformed request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Model not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not acceptable */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The model cannot do that */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Queue full */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Deadline exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    preview_v1_models__model__preview_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `name` for its newest version, or `name@version`. */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description How long caches may store the response. */
                    "Cache-Control"?: string;
                    /** @description Sent back as If-None-Match, the response is 304 if nothing has changed. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "image/png": string;
                };
            };
            /** @description The image has not changed. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Model not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not ready */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sample_by_seed_v1_models__model__sample_get: {
        parameters: {
            query?: {
                /** @description Format of the response; outranks the `Accept` header. A call's responses list its formats. */
                format?: ("png" | "jpeg" | "webp" | "gif" | "apng" | "zip" | "json" | "npy") | null;
                seed?: number | null;
                /** @description Number of images. */
                n?: number;
                /** @description A class's name or index. */
                class?: string | null;
                /** @description Multiplies the latents of seeds: less variety, more typical images. */
                truncation?: number;
                /** @description Columns of the grid, at most the number of images; default: about square. */
                columns?: number | null;
            };
            header?: never;
            path: {
                /** @description `name` for its newest version, or `name@version`. */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The images. */
            200: {
                headers: {
                    /** @description How long caches may store the response. */
                    "Cache-Control"?: string;
                    /** @description Sent back as If-None-Match, the response is 304 if nothing has changed. */
                    ETag?: string;
                    /** @description Milliseconds of each phase. */
                    "Server-Timing"?: string;
                    /** @description name@version */
                    "X-Model"?: string;
                    /** @description The seeds used, comma-separated, if seeds were used. */
                    "X-Seed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Images"];
                    "application/x-npy": string;
                    "application/zip": string;
                    "image/jpeg": string;
                    "image/png": string;
                    "image/webp": string;
                };
            };
            /** @description The images have not changed; nothing was generated. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Malformed request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Model not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not acceptable */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The model cannot do that */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Queue full */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Deadline exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sample_v1_models__model__sample_post: {
        parameters: {
            query?: {
                /** @description Format of the response; outranks the `Accept` header. A call's responses list its formats. */
                format?: ("png" | "jpeg" | "webp" | "gif" | "apng" | "zip" | "json" | "npy") | null;
            };
            header?: never;
            path: {
                /** @description `name` for its newest version, or `name@version`. */
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SampleRequest"];
            };
        };
        responses: {
            /** @description The images. */
            200: {
                headers: {
                    /** @description Milliseconds of each phase. */
                    "Server-Timing"?: string;
                    /** @description name@version */
                    "X-Model"?: string;
                    /** @description The seeds used, comma-separated, if seeds were used. */
                    "X-Seed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Images"];
                    "application/x-npy": string;
                    "application/zip": string;
                    "image/jpeg": string;
                    "image/png": string;
                    "image/webp": string;
                };
            };
            /** @description Malformed request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Model not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not acceptable */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The model cannot do that */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Queue full */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Deadline exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    translate_v1_models__model__translate_post: {
        parameters: {
            query?: {
                /** @description Format of the response; outranks the `Accept` header. A call's responses list its formats. */
                format?: ("png" | "jpeg" | "webp" | "gif" | "apng" | "zip" | "json" | "npy") | null;
                /** @description `pad` keeps every pixel; `resize` translates at the size of training. */
                fit?: "pad" | "resize";
                /** @description Translates back too, and reports the mean absolute error in `X-Cycle-Error`. */
                cycle?: boolean;
                /** @description Columns of the grid, at most the number of images; default: about square. */
                columns?: number | null;
            };
            header?: never;
            path: {
                /** @description `name` for its newest version, or `name@version`. */
                model: string;
            };
            cookie?: never;
        };
        /** @description A PNG, JPEG or WebP image, raw or as the multipart field `image`; several fields for several images. */
        requestBody: {
            content: {
                "image/jpeg": string;
                "image/png": string;
                "image/webp": string;
                "multipart/form-data": {
                    image: string[];
                };
            };
        };
        responses: {
            /** @description The images. */
            200: {
                headers: {
                    /** @description Milliseconds of each phase. */
                    "Server-Timing"?: string;
                    /** @description Mean absolute error of the way there and back, 0 to 255 on RGB, comma-separated, with cycle=true. */
                    "X-Cycle-Error"?: string;
                    /** @description name@version */
                    "X-Model"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Images"];
                    "application/x-npy": string;
                    "application/zip": string;
                    "image/jpeg": string;
                    "image/png": string;
                    "image/webp": string;
                };
            };
            /** @description Malformed request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Model not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not acceptable */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The model cannot do that */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not an image that we read */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Queue full */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Deadline exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reproduce_v1_reproduce_post: {
        parameters: {
            query?: {
                /** @description Format of the response; outranks the `Accept` header. A call's responses list its formats. */
                format?: ("png" | "jpeg" | "webp" | "gif" | "apng" | "zip" | "json" | "npy") | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description A PNG, JPEG or WebP image, raw or as the multipart field `image`. */
        requestBody: {
            content: {
                "image/jpeg": string;
                "image/png": string;
                "image/webp": string;
                "multipart/form-data": {
                    /** Format: binary */
                    image: string;
                };
            };
        };
        responses: {
            /** @description The images. */
            200: {
                headers: {
                    /** @description Milliseconds of each phase. */
                    "Server-Timing"?: string;
                    /** @description name@version */
                    "X-Model"?: string;
                    /** @description The seeds used, comma-separated, if seeds were used. */
                    "X-Seed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Images"];
                    "application/x-npy": string;
                    "application/zip": string;
                    "image/apng": string;
                    "image/gif": string;
                    "image/jpeg": string;
                    "image/png": string;
                    "image/webp": string;
                };
            };
            /** @description Malformed request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not acceptable */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The model cannot do that */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not an image that we read */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Queue full */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Deadline exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    server_v2_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerMetadata"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
        };
    };
    live_v2_health_live_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Liveness"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
        };
    };
    ready_v2_health_ready_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Not ready */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
        };
    };
    newest_metadata_v2_models__model__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelMetadata"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Model not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Not ready */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
        };
    };
    newest_infer_v2_models__model__infer_post: {
        parameters: {
            query?: never;
            header?: {
                /** @description Bytes of the JSON, if binary data follow it. */
                "Inference-Header-Content-Length"?: string;
            };
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InferRequest"];
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description The network's output. */
            200: {
                headers: {
                    /** @description Milliseconds of each phase. */
                    "Server-Timing"?: string;
                    /** @description name@version */
                    "X-Model"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InferAnswer"];
                    "application/octet-stream": string;
                };
            };
            /** @description Malformed request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Model not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Not ready */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Deadline exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
        };
    };
    newest_ready_v2_models__model__ready_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Model not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Not ready */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
        };
    };
    metadata_v2_models__model__versions__version__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelMetadata"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Model not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Not ready */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
        };
    };
    infer_v2_models__model__versions__version__infer_post: {
        parameters: {
            query?: never;
            header?: {
                /** @description Bytes of the JSON, if binary data follow it. */
                "Inference-Header-Content-Length"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InferRequest"];
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description The network's output. */
            200: {
                headers: {
                    /** @description Milliseconds of each phase. */
                    "Server-Timing"?: string;
                    /** @description name@version */
                    "X-Model"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InferAnswer"];
                    "application/octet-stream": string;
                };
            };
            /** @description Malformed request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Model not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Not ready */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Deadline exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
        };
    };
    version_ready_v2_models__model__versions__version__ready_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Model not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Not ready */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
        };
    };
    index_v2_repository_index_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IndexEntry"][];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    /** @description Bearer. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    /** @description Seconds after which another try is worthwhile. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProtocolError"];
                };
            };
        };
    };
}
